"""What known.toml says of licences, and what may be installed."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, LicenseWithExceptionSymbol, get_spdx_licensing

_LICENSING = get_spdx_licensing()
#: It lets anybody use a library with programs under any licence.
GCC_EXCEPTION = "GCC-exception-3.1"


@cache
def known() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("known.toml").read_text())


def is_allowed(expression: str, extras: frozenset[str] = frozenset(), is_replaceable: bool = False) -> bool:
    """Whether something under this SPDX expression may be installed with these extras.

    `is_replaceable` is for a library in a file of its own.
    """
    allowed = {*known()["allowed"], *(known()["replaceable"] if is_replaceable else ())}
    allowed |= {name for name, only in known()["only"].items() if extras and extras <= set(only)}
    try:
        return bool(_meets(_LICENSING.parse(expression), allowed))
    except ExpressionError:
        return False


def _meets(node: Any, allowed: set[str]) -> bool:
    if isinstance(node, _LICENSING.AND):
        return all(_meets(part, allowed) for part in node.args)
    if isinstance(node, _LICENSING.OR):
        return any(_meets(part, allowed) for part in node.args)
    if isinstance(node, LicenseWithExceptionSymbol):
        return bool(node.exception_symbol.key == GCC_EXCEPTION)
    return node is not None and node.key in allowed

"""The result of a check, and a runner that goes on after a failed check."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lookalike.disk import place_error
from lookalike.errors import LookalikeError
from lookalike.exhaustion import machine_error
from lookalike.records import Diagnostic
from lookalike.settings import Settings


@dataclass(frozen=True)
class Finding:
    """`is_fine` is None for information; with an advice it is a warning."""

    what: str
    is_fine: bool | None
    detail: str
    advice: str = ""


#: If a check raises, the finding has the name of the function, or the one of SUBJECTS.
Check = Callable[[Settings], Iterator[Finding]]
#: Checks that report on the subject of another one.
SUBJECTS = {"documents": "index"}


def examine(settings: Settings, checks: Sequence[Check]) -> list[Finding]:
    """Run the checks and return their findings; a failure that several share is reported once."""
    findings: dict[str, Finding] = {}
    for check in checks:
        for finding in _checked(check, settings):
            findings.setdefault(finding.detail, finding)
    return list(findings.values())


def warnings(what: str, diagnostics: Iterable[Diagnostic]) -> Iterator[Finding]:
    for diagnostic in diagnostics:
        yield Finding(what, None, diagnostic.what, diagnostic.advice)


def is_fine(findings: Iterable[Finding]) -> bool:
    return not any(finding.is_fine is False for finding in findings)


def _checked(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except (LookalikeError, OSError) as error:
        known = error if isinstance(error, LookalikeError) else machine_error(error) or place_error(error)
        if known is None:
            raise
        what, _, advice = str(known).partition("\n")
        yield Finding(SUBJECTS.get(check.__name__, check.__name__), False, what, advice)

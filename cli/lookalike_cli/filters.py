"""Reads `--filter`, for every command that has it."""

from collections.abc import Sequence

import typer

from lookalike.errors import BadFilter
from lookalike.filters import Condition, Operator, parse_filter

#: An image has one of each, so that two conditions on it that differ leave nothing.
SINGLE = ("name", "uri")


def parsed(filters: Sequence[str] | None) -> tuple[Condition, ...]:
    """The conditions. Raises typer.BadParameter."""
    found: list[Condition] = []
    for item in filters or ():
        try:
            found.append(parse_filter(item))
        except BadFilter as error:
            raise typer.BadParameter(" ".join(error.sentences())) from error
    _check_single(found)
    return tuple(found)


def _check_single(conditions: Sequence[Condition]) -> None:
    for field in SINGLE:
        wanted = {item for item in conditions if item.field == field and item.operator is Operator.ONE_OF}
        if len(wanted) > 1:
            name = "label" if field == "name" else field
            raise typer.BadParameter(
                f"--filter {name}=... is given twice: no image has two. For one of several, write {name}=a,b."
            )

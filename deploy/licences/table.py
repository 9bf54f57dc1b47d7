"""The licences of all packages as one table, and what in it may not be installed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.licences.extras import packages_by_extra
from deploy.licences.known import is_allowed
from deploy.licences.packages import contents_of, copyleft_texts, installed, licence_of


@dataclass(frozen=True)
class Row:
    """One package that an extra installs."""

    package: str
    #: An SPDX expression, or None if nobody knows.
    licence: str | None
    extras: frozenset[str]
    #: Library or program in it -> its licence.
    contents: dict[str, str | None]
    #: Copies of copyleft licences in it that known.toml does not explain.
    texts: tuple[str, ...]
    is_installed: bool


def rows(root: Path) -> list[Row]:
    """One row for each package of every extra and lock file but that of the tests, by name."""
    return [
        Row(
            name,
            licence_of(name),
            frozenset(extras),
            contents_of(name),
            tuple(copyleft_texts(name)),
            installed(name) is not None,
        )
        for name, extras in sorted(packages_by_extra(root).items())
    ]


def surprises(table: Iterable[Row]) -> Iterator[str]:
    """A line for each licence that is unknown or not allowed."""
    for row in table:
        if row.licence is None:
            yield f"{row.package}: no clear licence. Read its licence file, and write into known.toml what it says."
        elif not is_allowed(row.licence, row.extras):
            yield f"{row.package}: {row.licence} is not allowed."
        for name, licence in row.contents.items():
            if licence is None:
                yield f"{row.package} contains {name}, whose licence known.toml does not name."
            elif not is_allowed(licence, row.extras, is_replaceable=True):
                yield f"{row.package} contains {name}: {licence} is not allowed."
        for text in row.texts:
            yield f"{row.package} has the text of a copyleft licence, which known.toml does not explain: {text}"

"""The file in a folder that says what a walk leaves out, with the rules of .gitignore."""

import os

from lookalike.errors import BadSetting
from lookalike.shown import clause

NAME = ".lookalikeignore"
#: More is no list that somebody wrote.
MAX_BYTES = 1 << 20


def ignored_lines(folder: str) -> tuple[str, ...]:
    """The lines of the folder's ignore file; none without one. Raises BadSetting if it cannot be used."""
    path = os.path.join(folder or "/", NAME)
    if not os.path.lexists(path):
        # Or nothing in the folder can be reached: the walk says so.
        return ()
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or clause(error)
        raise BadSetting(f"{path} cannot be read: {why}.", "Correct or remove it.") from error
    if len(text) > MAX_BYTES:
        raise BadSetting(f"{path} has more than {MAX_BYTES:,} characters.", "Shorten or remove it.")
    lines = tuple(text.splitlines())
    _check(path, lines)
    return lines


def _check(path: str, lines: tuple[str, ...]) -> None:
    # Imported only for patterns.
    from pathspec import GitIgnoreSpec

    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError as error:
            raise BadSetting(f"Line {number} of {path} is no pattern: {clause(error)}.", "Correct it.") from error

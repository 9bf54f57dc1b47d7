"""The file in a folder that says what a walk leaves out, with the rules of .gitignore."""

import os
import stat

from lookalike.errors import BadSetting
from lookalike.shown import clause
from lookalike.storage import kind_of_file
from lookalike_producer.text_form import form_of
from lookalike_producer.walk.gitignore import compiled

NAME = ".lookalikeignore"
#: More is no list that somebody wrote.
MAX_BYTES = 1 << 20
_ADVICE = "Correct or remove it."


def ignored_lines(folder: str) -> tuple[str, ...]:
    """The lines of the folder's ignore file; none without one. Raises BadSetting if it cannot be used."""
    path = os.path.join(folder or "/", NAME)
    if not os.path.lexists(path):
        # Or nothing in the folder can be reached: the walk says so.
        return ()
    try:
        content = _content(path)
    except OSError as error:
        why = error.strerror or clause(error)
        raise BadSetting(f"{path} cannot be read: {why}.", _ADVICE) from error
    if len(content) > MAX_BYTES:
        raise BadSetting(f"{path} has more than {MAX_BYTES:,} bytes.", "Shorten or remove it.")
    lines = _lines(path, content)
    _check(path, lines)
    return lines


def _content(path: str) -> bytes:
    """Up to one byte more than MAX_BYTES. Raises OSError."""
    # Non-blocking, so that a FIFO cannot hang this process.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(mode := os.fstat(file.fileno()).st_mode):
            raise OSError(f"it is not a file but {kind_of_file(mode)}")
        return file.read(MAX_BYTES + 1)


def _lines(path: str, content: bytes) -> tuple[str, ...]:
    """As in git, a line ends at a line feed, perhaps after a carriage return: a name may hold every other mark."""
    form = form_of(content)
    try:
        text = content[form.skip :].decode(form.encoding or "utf-8", "strict" if form.encoding else "surrogateescape")
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} is no text in {error.encoding}: {error.reason}.", _ADVICE) from error
    if "\0" in text:
        raise BadSetting(f"{path} is not a text: it contains null characters.", _ADVICE)
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def _check(path: str, lines: tuple[str, ...]) -> None:
    for number, line in enumerate(lines, 1):
        try:
            compiled([line])
        except ValueError as error:
            raise BadSetting(f"Line {number} of {path} is no pattern: {clause(error)}.", _ADVICE) from error

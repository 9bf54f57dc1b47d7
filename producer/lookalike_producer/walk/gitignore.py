"""Compiles the patterns of a .gitignore file, as git reads them."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator

#: The bracket expressions of a pattern, each as a whole, and characters with a backslash, which begin none.
_BRACKETS = re.compile(r"\\.|\[[!^]?\]?(?:\[:\w*:\]|\\.|[^\]\\])*\]", re.DOTALL)
_CLASS = re.compile(r"\[:(\w*):\]")
#: What a class of characters stands for inside brackets: its ASCII characters, without the slash, which no name has.
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \t",
    "cntrl": "\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "0-~!-.",
    "lower": "a-z",
    "print": "0-~ -.",
    "punct": ":-@[-`{-~!-.",
    "space": " \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def compiled(lines: Iterable[str]) -> Callable[[str], bool]:
    """Whether the last of the lines that matches a path excludes it; the path of a folder ends with a slash.

    A walk asks for each folder before it goes in. Who has only the path of a file asks for each of `steps`.
    Raises ValueError for a line that can match nothing.
    """
    # Imported only for patterns.
    from pathspec import GitIgnoreSpec

    patterns = [_BRACKETS.sub(_plain, line) for line in lines if line.strip() and not line.startswith("#")]
    try:
        # A bracket inside of brackets is a character, and Python warns that this may change.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            spec = GitIgnoreSpec.from_lines(patterns)
    except re.error as error:
        raise ValueError(str(error)) from error
    for line, pattern in zip(patterns, spec.patterns, strict=True):
        if pattern.include is None:
            raise ValueError(f"{line} matches nothing")
    return lambda path: bool(spec.match_file(path))


def steps(path: str) -> Iterator[str]:
    """The folders above a path, from the top, and the path: nothing in an excluded folder can be taken back."""
    end = path.find("/")
    while 0 <= end < len(path) - 1:
        yield path[: end + 1]
        end = path.find("/", end + 1)
    yield path


def _plain(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("\\") else _CLASS.sub(_characters, found[0])


def _characters(found: re.Match[str]) -> str:
    if found[1] not in _CLASSES:
        raise ValueError(f"there is no class {found[0]}")
    return _CLASSES[found[1]]

"""What a walk leaves out or follows, as a person asked for it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from lookalike.errors import BadSetting
from lookalike.shown import shown
from lookalike_producer.walk.gitignore import compiled, steps
from lookalike_producer.walk.ignore_file import ignored_lines


@dataclass(frozen=True)
class WalkOptions:
    """`follow_links`: links to folders lead on, and each folder is walked once. `include_hidden`: hidden names and
    clutter count. `exclude`: patterns as in a .gitignore file, from the folder that a source names; `ignored` are the
    lines of its ignore file, which come first: what they exclude, a pattern of `exclude` may take back."""

    follow_links: bool = False
    include_hidden: bool = False
    exclude: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def within(self, folder: str) -> "WalkOptions":
        """The options for a folder that a source names, with its ignore file. Raises BadSetting if that cannot be
        read."""
        lines = ignored_lines(folder)
        return replace(self, ignored=lines) if lines else self

    @cached_property
    def asked_for(self) -> "WalkOptions":
        """Without the ignore file, which says nothing of the names in an archive."""
        return replace(self, ignored=())

    def check(self) -> None:
        """Raises BadSetting for an empty pattern, or one that is none."""
        self.excludes  # noqa: B018

    @cached_property
    def excludes(self) -> Callable[[str], bool] | None:
        """Whether a path below the folder of a source, or a folder on the way to it, is excluded; None if nothing is.
        Raises BadSetting for a pattern that is none."""
        if (excludes := self.excludes_next) is None:
            return None
        return lambda path: any(map(excludes, steps(path)))

    @cached_property
    def excludes_next(self) -> Callable[[str], bool] | None:
        """The same, for a path in a folder that is not excluded, or that a list names: that of a folder ends with a
        slash."""
        if not self.exclude and not self.ignored:
            return None
        for pattern in self.exclude:
            _check(pattern)
        excludes = compiled([*map(composed, self.ignored), *map(_line, self.exclude)])
        return lambda path: excludes(composed(path))


def _check(pattern: str) -> None:
    try:
        is_pattern = bool(pattern.strip()) and compiled([_line(pattern)])
    except ValueError:
        is_pattern = False
    if not is_pattern:
        raise BadSetting(f"{shown(pattern)} excludes nothing.", "Give a pattern as in a .gitignore file.")


def _line(pattern: str) -> str:
    """The pattern as a line of .gitignore, where a hash begins a comment; among arguments there are none."""
    return composed(f"\\{pattern}" if pattern.startswith("#") else pattern)


#: What a walk does unless somebody asks for something else.
USUAL = WalkOptions()


def composed(text: str) -> str:
    """The text with one spelling of each letter: an accent may be part of its letter, or follow as a character."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)

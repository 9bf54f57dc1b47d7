"""Finds a label in a path with a regular expression, in bounded time."""

import re
import signal
import warnings
from dataclasses import dataclass
from functools import cached_property
from threading import current_thread, main_thread
from typing import Any

from lookalike.errors import BadSetting
from lookalike.shown import clause, shown

#: The group of a pattern that is the label; without it the first group, and without a group all that matches.
GROUP = "label"
#: Processor time for one path. Usual patterns take microseconds; one with a repetition in a repetition may take years.
LIMIT_S = 5.0


@dataclass(frozen=True)
class LabelPattern:
    """A regular expression for paths. Raises BadSetting for a text that is none."""

    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise BadSetting("A regex: without a pattern gives no image a label.", "Use none for no labels.")
        # Now, for the error.
        self._pattern, self._can_end  # noqa: B018

    def label_in(self, path: str) -> str | None:
        """The part of the path that is the label, None if there is none. Raises BadSetting if that takes too long."""
        try:
            found = self._search(path)
        except _TooLong:
            raise BadSetting(
                f"The regular expression {shown(self.text)} takes more than {LIMIT_S:g} s for {shown(path)}.",
                "Write it without a repetition in a repetition, such as (a+)+.",
            ) from None
        return found and found[self._group]

    def _search(self, path: str) -> re.Match[str] | None:
        """Only a signal can end a search, and only in the main thread."""
        if not (self._can_end and current_thread() is main_thread()):
            return self._pattern.search(path)
        # Processor time: a machine that stands still is not the pattern's fault.
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
        try:
            return self._pattern.search(path)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        try:
            # What may mean something else in a later Python is still a pattern.
            with warnings.catch_warnings(action="ignore", category=FutureWarning):
                return re.compile(self.text)
        except (re.error, OverflowError, RecursionError) as error:
            raise BadSetting(
                f"{shown(self.text)} is not a regular expression: {clause(error)}.", "Correct the pattern."
            ) from error

    @cached_property
    def _group(self) -> str | int:
        return GROUP if GROUP in self._pattern.groupindex else 1 if self._pattern.groups else 0

    @cached_property
    def _can_end(self) -> bool:
        """Whether the signal raises _TooLong; not where the pattern belongs to a thread, or the signal to others."""
        if current_thread() is main_thread() and signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL:
            signal.signal(signal.SIGVTALRM, _raise)
        return signal.getsignal(signal.SIGVTALRM) is _raise


class _TooLong(Exception):
    """A search has taken LIMIT_S."""


def _raise(number: int, _: Any) -> None:
    raise _TooLong

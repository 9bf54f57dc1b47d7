"""Keeps an index like its sources: a sync whenever they may have changed, until somebody stops it."""

import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from lookalike.errors import AccessDenied, DeletionRefused, LookalikeError, SourceMissing, Unavailable
from lookalike_producer.sync import SyncReport

#: Pauses after a sync that failed because something is away; each is twice as long as the one before.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: What may be better a little later, if it was right before: a folder that is not mounted, a key that is replaced.
LATER = (SourceMissing, AccessDenied)


class Waiting(Protocol):
    """The methods of `Changes` that are used."""

    def begin(self, on_note: Callable[[str], None]) -> None: ...

    def wait(self) -> None: ...


def follow(
    sync: Callable[[bool], SyncReport],
    changes: Waiting,
    *,
    delete: bool,
    on_report: Callable[[SyncReport], None],
    on_note: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Sync for ever; `sync` is called with whether to delete. What passes is waited for, and said once.

    A deletion that needs a person's consent is said once, and does not hold up the rest. Raises what `sync` raises but
    does not pass, such as SourceMissing the first time, and KeyboardInterrupt.
    """
    notes = _Notes(on_note)
    pause_s = FIRST_PAUSE_S
    passing: tuple[type[LookalikeError], ...] = (Unavailable,)
    while True:
        try:
            changes.begin(on_note)
            report = _round(sync, delete, notes)
        except passing as error:
            notes.add("away", f"{_sentence(error)} Waiting for it.")
            pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        if notes.forget("away"):
            on_note("It is back.")
        pause_s, passing = FIRST_PAUSE_S, (Unavailable, *LATER)
        on_report(report)
        changes.wait()


def _round(sync: Callable[[bool], SyncReport], delete: bool, notes: "_Notes") -> SyncReport:
    try:
        report = sync(delete)
    except DeletionRefused as error:
        notes.add("deletion", f"{error.what} Nothing is deleted until you run `lookalike sync --delete` yourself.")
        return sync(False)
    notes.forget("deletion")
    return report


class _Notes:
    """Says each thing once, until it has changed or passed."""

    def __init__(self, on_note: Callable[[str], None]) -> None:
        self._on_note = on_note
        self._said: dict[str, str] = {}

    def add(self, about: str, text: str) -> None:
        if about not in self._said:
            self._on_note(text)
        self._said[about] = text

    def forget(self, about: str) -> bool:
        """Whether something was said about it."""
        return self._said.pop(about, None) is not None


def _sentence(error: LookalikeError) -> str:
    return next(iter(error.sentences()), type(error).__name__)

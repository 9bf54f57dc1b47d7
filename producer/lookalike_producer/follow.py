"""Keeps an index like its sources: a sync whenever they may have changed, until somebody stops it."""

import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from lookalike.errors import AccessDenied, DeletionRefused, LookalikeError, SourceMissing, Unavailable
from lookalike_producer.changes import Changed
from lookalike_producer.sync import SyncReport

#: Pauses after a sync that failed because something is away; each is twice as long as the one before.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: What may be better a little later, if it was right before: a folder that is not mounted, a key that is replaced.
LATER = (SourceMissing, AccessDenied)


class Sync(Protocol):
    """A sync of what has changed, or of everything (None). It asks before a large deletion, or before any."""

    def __call__(self, *, delete: bool, changed: Changed, ask_always: bool = False) -> SyncReport: ...


class Waiting(Protocol):
    """The methods of `Changes` that are used."""

    def begin(self, on_note: Callable[[str], None]) -> bool: ...

    def wait(self) -> Changed: ...


def follow(
    sync: Sync,
    changes: Waiting,
    *,
    delete: bool,
    on_report: Callable[[SyncReport], None],
    on_note: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Sync for ever; `sync` is called with whether to delete, and with the paths that have changed, or None for
    everything: at first, every so often, and behind what has failed. What passes is waited for, and said once.

    A deletion that needs a person's consent is said once, and does not hold up the rest. From then on nothing is
    deleted, also if it is no large share any more, until a comparison of everything finds nothing to delete. Raises
    what `sync` raises but does not pass, such as SourceMissing the first time, and KeyboardInterrupt.
    """
    notes = _Notes(on_note)
    pause_s = FIRST_PAUSE_S
    passing: tuple[type[LookalikeError], ...] = (Unavailable,)
    changed: Changed = None
    while True:
        try:
            if changes.begin(on_note):
                changed = None
            report = _round(sync, delete, changed, notes)
        except passing as error:
            notes.add("away", f"{_sentence(error)} Waiting for it.")
            pause(pause_s)
            pause_s, changed = min(2 * pause_s, LONGEST_PAUSE_S), None
            continue
        if notes.forget("away"):
            on_note("It is back.")
        pause_s, passing = FIRST_PAUSE_S, (Unavailable, *LATER)
        on_report(report)
        changed = changes.wait()


def _round(sync: Sync, delete: bool, changed: Changed, notes: "_Notes") -> SyncReport:
    try:
        report = sync(delete=delete, changed=changed, ask_always=notes.has("deletion"))
    except DeletionRefused as error:
        notes.add("deletion", f"{error.what} Nothing is deleted until you run `lookalike sync --delete` yourself.")
        return sync(delete=False, changed=None)
    if report.is_whole:
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

    def has(self, about: str) -> bool:
        """Whether something was said about it, and is still so."""
        return about in self._said

    def forget(self, about: str) -> bool:
        """Whether something was said about it."""
        return self._said.pop(about, None) is not None


def _sentence(error: LookalikeError) -> str:
    return next(iter(error.sentences()), type(error).__name__)

"""Keeps an index like its sources: a sync whenever they may have changed, until somebody stops it."""

import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn, Protocol

from lookalike.errors import (
    AccessDenied,
    DeletionRefused,
    LookalikeError,
    MetadataLossRefused,
    SourceMissing,
    Unavailable,
)
from lookalike_producer.changes import Changed
from lookalike_producer.consent import Consent
from lookalike_producer.deletion import Confirm
from lookalike_producer.sync import SyncReport

#: Pauses after a sync that failed because something is away; each is twice as long as the one before.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: What may be better a little later, if it was right before: a folder that is not mounted, a key that is replaced.
LATER = (SourceMissing, AccessDenied)


class Sync(Protocol):
    """A sync of what has changed, or of everything (None). `yes` is asked before a large deletion, or before any."""

    def __call__(
        self, *, delete: bool, changed: Changed, yes: bool | Confirm = False, ask_always: bool = False
    ) -> SyncReport: ...


class Waiting(Protocol):
    """The methods of `Changes` that are used."""

    def begin(self, on_note: Callable[[str], None]) -> bool: ...

    def wait(self) -> Changed: ...


def follow(
    sync: Sync,
    changes: Waiting,
    *,
    delete: bool,
    yes: bool = False,
    on_report: Callable[[SyncReport], None],
    on_note: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Sync for ever; `sync` is called with whether to delete, and with the paths that have changed, or None for
    everything: at first, every so often, and behind what has failed. What passes is waited for, and said once.

    A deletion that needs a person's consent is said once, and does not hold up the rest. From then on nothing is
    deleted, also if it is no large share any more, until all of these images are deleted or back. A round that would
    remove metadata from a large share of the images is left out, and said once. With `yes`, somebody has consented to
    all. Raises what `sync` raises but does not pass, such as SourceMissing the first time, and
    KeyboardInterrupt.
    """
    notes, consent = _Notes(on_note), Consent()
    answer = yes or consent
    pause_s = FIRST_PAUSE_S
    passing: tuple[type[LookalikeError], ...] = (Unavailable,)
    held: tuple[type[LookalikeError], ...] = ()
    changed: Changed = None
    while True:
        try:
            if changes.begin(on_note):
                changed = None
            one = partial(sync, delete=delete, changed=changed, yes=answer, ask_always=consent.is_holding)
            report = _round(one, partial(sync, delete=False, changed=None), consent, notes)
        except passing as error:
            notes.add("away", f"{_sentence(error)} Waiting for it.")
            pause(pause_s)
            pause_s, changed = min(2 * pause_s, LONGEST_PAUSE_S), None
            continue
        except held as error:
            notes.add("metadata", f"{_sentence(error)} So it stays until you run `lookalike sync` yourself.")
            changes.wait()
            changed = None
            continue
        notes.forget("metadata")
        if notes.forget("away"):
            on_note("It is back.")
        pause_s, passing, held = FIRST_PAUSE_S, (Unavailable, *LATER), (MetadataLossRefused,)
        on_report(report)
        changed = changes.wait()


def _round(
    one: Callable[[], SyncReport], without: Callable[[], SyncReport], consent: Consent, notes: "_Notes"
) -> SyncReport:
    """One sync; `without` a deletion if that is held back."""
    try:
        report = one()
    except DeletionRefused as error:
        if consent.is_new:
            notes.forget("deletion")
        notes.add("deletion", f"{error.what} Nothing is deleted until you run `lookalike sync --delete` yourself.")
        return without()
    if report.is_whole:
        consent.release()
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

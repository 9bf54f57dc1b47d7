"""Waits until sources may have changed: folders report it, and everything else is looked at from time to time."""

import os
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike_producer.places import Tree, placed

if TYPE_CHECKING:
    from watchfiles import Change

#: Between two looks at sources that do not report changes, unless the caller says otherwise.
EVERY_S = 60.0
#: A file that is being copied changes all the time: a round begins when this has been quiet, or after `LONGEST_S`.
QUIET_MS = 1000
LONGEST_S = 30.0

#: What identifies a folder: another one may be mounted or moved there.
Identity = tuple[int, int] | None


class Changes:
    """`every_s` is the time after which `wait` ends without a change; None: only if a source does not report changes.
    What changes below `ignored` is no change: our own files."""

    def __init__(self, sources: Sequence[str], every_s: float | None, ignored: Path) -> None:
        places = placed(sources)
        self._folders = sorted({place.folder or "/" for place in places if isinstance(place, Tree)})
        reports = all(isinstance(place, Tree) for place in places)
        self._every_s = every_s if every_s is not None or reports else EVERY_S
        self._ignored = f"{ignored}/"
        self._events: Generator[set[tuple[Change, str]]] | None = None
        self._identities: list[Identity] = []

    def begin(self, on_note: Callable[[str], None]) -> None:
        """Notice changes from now on. Call it before the sources are compared, so that none is missed meanwhile."""
        if self._events is not None and self._identities == self._now():
            return
        self.close()
        self._identities = self._now()
        there = [folder for folder in self._folders if os.path.isdir(folder)]
        if len(there) < len(self._folders):
            # It is looked at until it is back.
            self._every_s = self._every_s or EVERY_S
        if there:
            try:
                self._events = self._started(there)
            except (OSError, RuntimeError) as error:
                self._every_s = self._every_s or EVERY_S
                on_note(f"Changes cannot be watched ({error}); looking every {self._every_s:.0f} s instead.")

    def wait(self) -> None:
        """Until something has changed and is quiet again, or it is time to look."""
        began = time.monotonic()
        while not self._changed():
            is_time = self._every_s is not None and time.monotonic() - began >= self._every_s
            if is_time or self._identities != self._now():
                return
        changed = time.monotonic()
        while time.monotonic() - changed < LONGEST_S and self._changed():
            pass

    def close(self) -> None:
        if self._events is not None:
            self._events.close()
            self._events = None

    def _changed(self) -> bool:
        """Whether a folder reports a change within a second."""
        if self._events is None:
            time.sleep(QUIET_MS / 1000)
            return False
        return bool(next(self._events))

    def _started(self, folders: Sequence[str]) -> "Generator[set[tuple[Change, str]]]":
        # Other commands do not need it.
        import watchfiles

        events = watchfiles.watch(
            *folders,
            watch_filter=lambda _, path: not path.startswith(self._ignored),
            rust_timeout=QUIET_MS,
            yield_on_timeout=True,
            recursive=True,
            ignore_permission_denied=True,
        )
        # It begins to watch when it is asked for the first time.
        next(events)
        return events

    def _now(self) -> list[Identity]:
        return [_identity(folder) for folder in self._folders]


def _identity(folder: str) -> Identity:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino

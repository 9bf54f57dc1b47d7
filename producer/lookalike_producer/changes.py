"""Waits until sources may have changed: folders report it, and everything is looked at from time to time."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lookalike_producer.places import Tree, placed
from lookalike_producer.watcher import Watcher

#: Between two looks at sources that do not report changes, unless the caller says otherwise.
EVERY_S = 60.0
#: Between two looks at everything if all sources report changes: an event may be lost.
EVERY_OF_FOLDERS_S = 3600.0
#: A file that is being copied changes all the time: a round begins when this has been quiet, or after `LONGEST_S`.
QUIET_S = 1.0
LONGEST_S = 30.0

#: What identifies a folder: another one may be mounted or moved there.
Identity = tuple[int, int] | None
#: The paths that have changed; None if everything has to be looked at.
Changed = frozenset[str] | None


class Changes:
    """`every_s` is the time after which everything is looked at, whatever was reported. What changes below `ignored` is
    no change: our own files."""

    def __init__(self, sources: Sequence[str], every_s: float | None, ignored: Path) -> None:
        places = placed(sources)
        self._folders = sorted({place.folder or "/" for place in places if isinstance(place, Tree)})
        reports = all(isinstance(place, Tree) for place in places)
        self._usual_s = every_s or (EVERY_OF_FOLDERS_S if reports else EVERY_S)
        self._every_s = self._usual_s
        self._ignored = ignored
        self._watcher: Watcher | None = None
        self._identities: list[Identity] = []
        self._is_said = False
        self._looks_at_everything = True
        self._looked_at = time.monotonic()

    def begin(self, on_note: Callable[[str], None]) -> bool:
        """Notice changes from now on; true if everything has to be looked at, because earlier ones may be unknown. Call
        it before the sources are compared, so that none is missed meanwhile."""
        if self._watcher is not None and self._watcher.is_alive and self._identities == self._now():
            return False
        self.close()
        self._looks_at_everything = True
        self._identities = self._now()
        self._every_s = self._usual_s
        there = [folder for folder in self._folders if os.path.isdir(folder)]
        if len(there) < len(self._folders):
            # It is looked at until it is back.
            self._every_s = min(self._every_s, EVERY_S)
        if there:
            try:
                self._watcher = Watcher(there, self._ignored)
            except (OSError, RuntimeError) as error:
                self._every_s = min(self._every_s, EVERY_S)
                if not self._is_said:
                    # It is tried again in every round.
                    self._is_said = True
                    on_note(f"Changes cannot be watched ({error}); looking every {self._every_s:.0f} s instead.")
        return True

    def wait(self) -> Changed:
        """What has changed, when it is quiet again; None if it is time to look at everything."""
        if self._looks_at_everything:
            # However long that took, there is a pause behind it.
            self._looks_at_everything, self._looked_at = False, time.monotonic()
        while not self._notices():
            if self._is_time or self._identities != self._now():
                return self._everything()
        changed = time.monotonic()
        while time.monotonic() - changed < LONGEST_S and self._notices():
            pass
        paths = self._watcher.taken() if self._watcher is not None else None
        return self._everything() if paths is None or self._is_time else paths

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    @property
    def _is_time(self) -> bool:
        return time.monotonic() - self._looked_at >= self._every_s

    def _everything(self) -> Changed:
        if self._watcher is not None:
            self._watcher.taken()
        self._looks_at_everything = True
        return None

    def _notices(self) -> bool:
        """Whether a folder reports a change soon."""
        if self._watcher is not None and self._watcher.is_alive:
            return self._watcher.notices(QUIET_S)
        time.sleep(min(QUIET_S, self._every_s))
        return self._watcher is not None and self._watcher.notices(0)

    def _now(self) -> list[Identity]:
        return [_identity(folder) for folder in self._folders]


def _identity(folder: str) -> Identity:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino

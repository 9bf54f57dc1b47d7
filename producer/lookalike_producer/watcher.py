"""Notices in a thread of its own which paths below some folders change, in bounded memory."""

import threading
from collections.abc import Sequence
from pathlib import Path

#: Paths that are remembered. Linux itself drops events behind 16,384 that wait, and says nothing: a burst of that size
#: must never count as known.
MOST_PATHS = 5000
#: Events of the system are taken from it so often.
STEP_MS = 50
#: Starting to watch a million folders takes about a minute.
START_S = 600.0
CLOSE_S = 2.0


class Watcher:
    """The paths that have changed since they were last taken, below `folders` and not below `ignored`.

    Raises OSError or RuntimeError if the system allows no watch.
    """

    def __init__(self, folders: Sequence[str], ignored: Path) -> None:
        self._folders = folders
        self._ignored = f"{ignored}/"
        self._paths: set[str] = set()
        self._knows_all = True
        self._has_news = False
        self._news = threading.Condition()
        self._started, self._stop = threading.Event(), threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
        self._thread.start()
        if not self._started.wait(START_S):
            self.close()
            raise OSError("the folders cannot be watched in time")
        if self._error is not None:
            raise self._error

    @property
    def is_alive(self) -> bool:
        """Whether it still notices changes."""
        return self._error is None and self._thread.is_alive()

    def notices(self, within_s: float) -> bool:
        """Whether something has changed since the last call, or changes in this time."""
        with self._news:
            self._news.wait_for(lambda: self._has_news, within_s)
            found, self._has_news = self._has_news, False
        return found

    def taken(self) -> frozenset[str] | None:
        """The paths that have changed; None if they are too many, or not all known. They are forgotten."""
        with self._news:
            paths = frozenset(self._paths) if self._knows_all else None
            self._paths, self._knows_all, self._has_news = set(), self._error is None, False
        return paths

    def close(self) -> None:
        self._stop.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        # Other commands do not need it.
        import watchfiles

        try:
            events = watchfiles.watch(
                *self._folders,
                watch_filter=lambda _, path: not path.startswith(self._ignored),
                debounce=STEP_MS,
                step=STEP_MS,
                rust_timeout=10 * STEP_MS,
                yield_on_timeout=True,
                stop_event=self._stop,
                recursive=True,
                ignore_permission_denied=True,
            )
            for found in events:
                self._started.set()
                self._add({path for _, path in found})
        except (OSError, RuntimeError) as error:
            # Also for a name that is not UTF-8: watchfiles ends then.
            self._error = error
            self._add(None)
        finally:
            self._started.set()

    def _add(self, paths: set[str] | None) -> None:
        if paths is not None and not paths:
            return
        with self._news:
            self._knows_all = self._knows_all and paths is not None and len(self._paths) + len(paths) <= MOST_PATHS
            self._paths = self._paths | (paths or set()) if self._knows_all else set()
            self._has_news = True
            self._news.notify_all()

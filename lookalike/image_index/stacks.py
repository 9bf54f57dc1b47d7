"""The embedded stack of this process: opened for the first handle that needs it, closed with the last one.

One process can own the embedded stack of a home only once, so the handles of a process share it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lookalike.embedded import Stack, open_stack
from lookalike.settings import Settings


class _Shared:
    """One open stack and who uses it."""

    def __init__(self, settings: Settings, *, with_worker: bool) -> None:
        self.users: set[StackLease] = set()
        self.has_worker = with_worker
        self._ending = ExitStack()
        self.stack: Stack = self._ending.enter_context(open_stack(settings, with_worker=with_worker))

    def close(self, error: BaseException | None) -> None:
        self._ending.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


_lock = threading.RLock()
_open: dict[tuple[Path, str], _Shared] = {}


def _forget() -> None:
    """In a forked child: the stacks belong to the parent. A handle that is used here joins them like other programs."""
    global _lock
    _lock = threading.RLock()
    _open.clear()


os.register_at_fork(after_in_child=_forget)


class StackLease:
    """The use of a stack by one handle. Opens nothing until a method is called."""

    def __init__(self, settings: Settings, check_open: Callable[[], None]) -> None:
        """`check_open` raises Closed after the handle was closed."""
        self._settings = settings
        self._check_open = check_open
        url = settings.broker_url.get_secret_value() if settings.broker_url else ""
        self._key = (settings.home, url)

    def with_worker(self) -> Stack:
        """The stack, with a worker if it is the embedded one. Raises what `open_stack` raises."""
        with _lock:
            return self._shared(with_worker=True).stack

    @contextmanager
    def ledger_only(self) -> Iterator[Stack]:
        """The stack while the ledger is read: no other thread replaces it meanwhile."""
        with _lock:
            yield self._shared(with_worker=False).stack

    def close(self, error: BaseException | None = None) -> None:
        """End the use. The last one stops the stack, without waiting for other programs if there is an `error`."""
        with _lock:
            shared = _open.get(self._key)
            if shared is None or self not in shared.users:
                return
            shared.users.remove(self)
            if not shared.users:
                del _open[self._key]
                shared.close(error)

    def _shared(self, *, with_worker: bool) -> _Shared:
        # Under the lock: a stack that opened after `close` would have no end.
        self._check_open()
        shared = _open.get(self._key)
        if shared is None or (with_worker and not shared.has_worker):
            shared = self._replaced(shared, with_worker=with_worker)
        shared.users.add(self)
        return shared

    def _replaced(self, former: _Shared | None, *, with_worker: bool) -> _Shared:
        if former is not None:
            # It was opened without a worker. We hold the lock, so nobody reads the ledger now.
            del _open[self._key]
            former.close(None)
        shared = _open[self._key] = _Shared(self._settings, with_worker=with_worker)
        shared.users |= former.users if former else set()
        return shared

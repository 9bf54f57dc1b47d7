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

    def __init__(self, settings: Settings) -> None:
        self.users: set[StackLease] = set()
        self._ending = ExitStack()
        self.stack: Stack = self._ending.enter_context(open_stack(settings))

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
            # Under the lock: a stack that opened after `close` would have no end.
            self._check_open()
            if self._key not in _open:
                _open[self._key] = _Shared(self._settings)
            shared = _open[self._key]
            shared.users.add(self)
            return shared.stack

    @contextmanager
    def ledger_only(self) -> Iterator[Stack]:
        """The stack while the ledger is read: no other thread ends it meanwhile.

        One that is opened for this ends with it. It has no worker, so a program that keeps it would be in the way of
        others that need one.
        """
        with _lock:
            self._check_open()
            if (shared := _open.get(self._key)) is not None:
                yield shared.stack
                return
            with open_stack(self._settings, with_worker=False) as stack:
                yield stack

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

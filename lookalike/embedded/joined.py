"""The embedded stack of another process, which this one uses; it takes the stack over when its owner has ended."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Self

from lookalike.embedded.lock import FileLock
from lookalike.embedded.owned import OwnedStack, Stack
from lookalike.embedded.redis_server import broker_url

#: Starts the stack in this process, which has the owner's lock.
Own = Callable[[], AbstractContextManager[OwnedStack]]


class JoinedStack(Stack):
    """Another process owns it, until `check` finds that the owner has ended: then this process starts it again."""

    def __init__(self, home: Path, owner: FileLock, users: FileLock, own: Own) -> None:
        super().__init__(broker_url(home), is_embedded=True)
        self._owner = owner
        self._users = users
        self._own = own
        self._ending = ExitStack()
        self._owned: OwnedStack | None = None

    @property
    def is_owner(self) -> bool:
        return self._owned is not None

    def check(self) -> None:
        if self._owned is None and self._owner.try_exclusive():
            # An owner waits for the other users, not for itself.
            self._users.release()
            self._owned = self._ending.enter_context(self._own())
        if self._owned is not None:
            self._owned.check()

    @contextmanager
    def in_use(self) -> Iterator[Self]:
        with self._ending:
            yield self

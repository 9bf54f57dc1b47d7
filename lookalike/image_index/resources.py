"""The searcher, the model and the stack of a handle: each opened when it is first needed, all closed together."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lookalike.errors import Closed, LookalikeError
from lookalike.image_index.searching import Searching, open_searching
from lookalike.settings import Settings

if TYPE_CHECKING:
    from lookalike.embedding import Embedder
    from lookalike.image_index.stacks import StackLease


class Resources:
    """Threads may share it. Every method but `close` raises Closed after `close`."""

    def __init__(self, settings: Settings, chosen: frozenset[str]) -> None:
        self._settings = settings
        self._chosen = chosen
        self._lock = threading.RLock()
        self._is_closed = False
        self._process = os.getpid()
        self._searching: Searching | None = None
        self._embedder: Embedder | None = None
        self._stack: StackLease | None = None

    def check_open(self) -> None:
        if self._is_closed:
            raise self._closed()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Raises Closed in place of the errors of a stack that another thread has closed meanwhile."""
        self.check_open()
        try:
            yield
        except LookalikeError:
            if self._is_closed:
                raise self._closed() from None
            raise

    def searching(self, *, preload: bool) -> Searching:
        with self._lock:
            self.check_open()
            if self._searching is None:
                self._searching = open_searching(self._settings, self._chosen, preload=preload)
            return self._searching

    def embedder(self) -> "Embedder":
        """The model for work on the index, loaded."""
        from lookalike import factories

        with self._lock:
            self.check_open()
            if self._embedder is None:
                spec = factories.working_spec(self._settings)
                self._embedder = factories.embedder(self._settings, spec, threads=self._settings.processes)
            return self._embedder

    def stack(self) -> "StackLease":
        from lookalike.image_index.stacks import StackLease

        with self._lock:
            self.check_open()
            if self._stack is None:
                self._stack = StackLease(self._settings, self.check_open)
            return self._stack

    def close(self, error: BaseException | None = None) -> None:
        """Close what was opened. Has no effect when repeated. A forked child closes only what it opened itself."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if os.getpid() == self._process:
                if self._searching is not None:
                    self._searching.close()
                self._searching = self._embedder = None
            if self._stack is not None:
                self._stack.close(error)

    def _closed(self) -> Closed:
        return Closed(f"The handle on index {self._settings.index} is closed.", "Open it again: lookalike.open().")

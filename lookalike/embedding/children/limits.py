"""Ends a process of which a call hangs, in a driver for example: nothing else can end such a call."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def limited(seconds: float, fail: Callable[[str], NoReturn], what: str) -> Iterator[None]:
    """`fail` is called, in a thread, with `what` as the reason if the block has not ended after these seconds."""
    watchdog = threading.Timer(seconds, fail, [f"{what} after {seconds:.0f} s"])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()

"""Files that change while they are read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lookalike.records import Reason
from testing.images import encoded
from tests.hostile.corpus import INDEXED, Corpus

#: Reading it takes some milliseconds: long enough for a write to hit, now and then.
LARGE_BYTES = 8 * 2**20
#: A growing file starts again at this size, well below the limit for files.
FULL_BYTES = 4 * LARGE_BYTES
PAUSE_S = 0.001


@contextmanager
def changing_files(corpus: Corpus) -> Iterator[None]:
    """During the block, one file grows, one is emptied and rewritten, and one is replaced as a whole."""
    whole = encoded("jpeg")
    large = whole + bytes(LARGE_BYTES)
    growing = corpus.write("changing/grows.jpg", large, {INDEXED, Reason.CHANGED})
    written = corpus.write("changing/written.jpg", whole, {INDEXED, Reason.CHANGED, Reason.EMPTY, Reason.TRUNCATED})
    exchanged = corpus.write("changing/exchanged.jpg", whole, {INDEXED})
    draft = corpus.outside / "draft.jpg"

    def grow() -> None:
        size = growing.stat().st_size
        with growing.open("r+b") as file:
            file.truncate(len(large) if size > FULL_BYTES else size + 1000)

    def exchange() -> None:
        draft.write_bytes(whole)
        draft.replace(exchanged)

    with _repeated(grow), _repeated(lambda: written.write_bytes(whole)), _repeated(exchange):
        yield


@contextmanager
def _repeated(change: Callable[[], object]) -> Iterator[None]:
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(PAUSE_S):
            change()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

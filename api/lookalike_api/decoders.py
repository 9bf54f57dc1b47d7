"""Decodes images that strangers send, or that lie behind the index, where a hostile one can be ended."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.queries.region import Region
from lookalike.records import Frame, Pixels, Reason
from lookalike_api.admission import Busy
from lookalike_api.decoder_pool import Decoder, DecoderEnded, DecoderPool
from lookalike_api.decoder_process import PIXELS, THUMBNAIL, Request, packed

#: Photographs take 10 to 100 ms. An image that takes longer leaves its place to others.
QUICK_S = 0.5


class Decoders:
    """Decodes at most `at_once` images, and those that take longer than `quick_s` in the places of `slow`.

    So hostile images cannot take all places: those that find no place among the slow ones are ended. Every method
    blocks, is thread-safe, and raises ImageRejected (`timeout` after `limit_s`), Busy, DecodersUnavailable.
    """

    def __init__(
        self,
        pool: DecoderPool,
        *,
        at_once: int,
        slow: threading.Semaphore,
        max_pixels: int,
        limit_s: float,
        quick_s: float = QUICK_S,
    ) -> None:
        self._pool = pool
        self._quick = threading.Semaphore(at_once)
        self._slow = slow
        self._max_pixels = max_pixels
        self._limit_s = limit_s
        self._quick_s = quick_s

    def pixels(
        self,
        data: bytes,
        frame: Frame,
        timing: AbstractContextManager[None] | None = None,
        region: Region | None = None,
    ) -> Pixels:
        """uint8 RGB [size, size, 3], of the image or of a region of it. `timing` is entered when the work begins."""
        pixels = self._decoded(PIXELS, data, frame, timing or nullcontext(), region)
        return np.frombuffer(pixels, np.uint8).reshape(frame.size, frame.size, 3)

    def thumbnail(self, data: bytes, size: int) -> bytes:
        """A JPEG whose longest side is `size` pixels at most."""
        return bytes(self._decoded(THUMBNAIL, data, Frame(size), nullcontext()))

    def _decoded(
        self, kind: int, data: bytes, frame: Frame, timing: AbstractContextManager[None], region: Region | None = None
    ) -> bytearray:
        request = Request(kind, frame.size, self._max_pixels, self._limit_s, len(data), *packed(frame.framing, region))
        try:
            with self._place() as place, timing, self._pool.lent() as decoder:
                decoder.ask(request, data)
                if not decoder.speaks_within(self._quick_s):
                    place.leave(decoder)
                answer = decoder.answer()
        except DecoderEnded as ended:
            raise self._rejected(ended) from ended
        if isinstance(answer, ImageRejected):
            raise answer
        return answer

    @contextmanager
    def _place(self) -> Iterator["_Place"]:
        place = _Place(self._quick, self._slow)
        try:
            yield place
        finally:
            place.taken.release()

    def _rejected(self, ended: DecoderEnded) -> ImageRejected:
        if ended.is_late:
            seconds = f"{self._limit_s:g} s"
            return ImageRejected(Reason.TIMEOUT, f"decoding takes longer than {seconds}")
        return ImageRejected(Reason.WORKER_KILLED, "the process that decoded it has ended")


class _Place:
    """The right to decode: first among the quick ones, later among the slow ones."""

    def __init__(self, quick: threading.Semaphore, slow: threading.Semaphore) -> None:
        self._slow = slow
        self.taken = quick
        quick.acquire()

    def leave(self, decoder: Decoder) -> None:
        """Change to the slow ones. Raises Busy if all their places are taken."""
        if not self._slow.acquire(blocking=False):
            raise Busy()
        self.taken.release()
        self.taken = self._slow
        decoder.yield_to_others()

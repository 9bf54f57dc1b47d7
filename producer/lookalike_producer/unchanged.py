"""Which images are in the index as they are now: a worker only looks them up, so that many of them make one chunk.

It is a guess, on which nothing depends but the size of chunks: the worker looks at each image itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import compress
from operator import not_

from lookalike import factories
from lookalike.errors import LookalikeError
from lookalike.reading.places import LOCAL, kind_of
from lookalike.records import Chunk, FileTimes, ImageRef, Stored
from lookalike.settings import Settings
from lookalike_producer.chunks import TOGETHER_REFS, evenly, is_refused
from lookalike_producer.enqueue import Arrange, as_found
from lookalike_producer.preparation import Prepared

#: References of a chunk whose images are only looked up. To look up 64 takes 5 ms of CPU alone, and 1 ms among 1,000.
UNCHANGED_REFS = 512
#: If the producer looks at the files of one call for longer, it looks at no more: each takes long, as on a network file
#: system, and workers look at several at a time.
SLOW_S = 0.3

LookUp = Callable[[Sequence[str]], Mapping[str, Stored]]
Look = Callable[[str], FileTimes | None]


@contextmanager
def arranging(settings: Settings, prepared: Prepared, processes: int = 1) -> Iterator[Arrange]:
    """How to arrange the chunks of a job for so many processes of a worker; as they were found if its index is new."""
    if prepared.is_new:
        yield as_found
        return
    with closing(factories.open_index(settings)) as index, closing(factories.reader(settings)) as reader:
        look_up = partial(index.stored, is_fresh=False)
        yield Unchanged(look_up, reader.look, prepared.identity.fingerprint, settings.chunk_size, processes)


class Unchanged:
    """Puts references to unchanged images into chunks of their own. `look_up` gives the documents of ids, `look` the
    times of a local file, `fingerprint` is that of the job's model. The other images of a few chunks, which are the
    last ones, are cut for so many `processes`."""

    def __init__(self, look_up: LookUp, look: Look, fingerprint: str, chunk_size: int, processes: int = 1) -> None:
        self._look_up = look_up
        self._look = look
        self._fingerprint = fingerprint
        self._chunk_size = chunk_size
        self._processes = processes

    def __call__(self, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        """The same references in fewer chunks, or the chunks as they are."""
        fit = [chunk for chunk in chunks if not is_refused(chunk)]
        if len(fit) < 2:
            return chunks
        refs = [ref for chunk in fit for ref in chunk.refs]
        are_same = self._guessed(refs)
        same, others = list(compress(refs, are_same)), list(compress(refs, map(not_, are_same)))
        least_parts = self._processes if len(refs) < TOGETHER_REFS else 0
        parts = [*evenly(same, UNCHANGED_REFS), *evenly(others, self._chunk_size, least_parts)]
        return chunks if len(parts) >= len(fit) else [*_filled(fit, parts), *filter(is_refused, chunks)]

    def _guessed(self, refs: Sequence[ImageRef]) -> list[bool]:
        """Whether each image is unchanged; one that is listed twice may change in between."""
        stored, began = self._stored(refs), time.monotonic()
        are_same = [self._is_same(ref, stored.get(ref.id)) for ref in refs]
        if time.monotonic() - began > SLOW_S:
            self._look_up = _nothing
        return are_same

    def _stored(self, refs: Sequence[ImageRef]) -> Mapping[str, Stored]:
        with suppress(LookalikeError):
            return self._look_up([ref.id for ref in refs])
        # The job itself will meet the error. Nobody waits for an index that is away once more.
        self._look_up = _nothing
        return {}

    def _is_same(self, ref: ImageRef, found: Stored | None) -> bool:
        if found is None or not found.etag or found.model != self._fingerprint:
            return False
        if found.etag == ref.etag:
            return True
        times = self._look(ref.uri) if kind_of(ref.uri) == LOCAL else None
        return times is not None and times.etag == found.etag


def _nothing(ids: Sequence[str]) -> Mapping[str, Stored]:
    return {}


def _filled(chunks: Sequence[Chunk], parts: Sequence[Sequence[ImageRef]]) -> list[Chunk]:
    """The parts under the ids of the first chunks."""
    return [Chunk(chunk.id, chunk.job, tuple(part)) for chunk, part in zip(chunks, parts, strict=False)]

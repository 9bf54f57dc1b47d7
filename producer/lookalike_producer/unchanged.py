"""Which images are in the index as they are now: a worker only looks them up, so that many of them make one chunk.

It is a guess, on which nothing depends but the size of chunks: the worker looks at each image itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial

from lookalike import factories
from lookalike.errors import LookalikeError
from lookalike.reading.places import LOCAL, kind_of
from lookalike.records import Chunk, FileTimes, ImageRef, Stored
from lookalike.settings import Settings
from lookalike_producer.chunks import evenly, is_refused
from lookalike_producer.enqueue import Arrange, as_found
from lookalike_producer.preparation import Prepared

#: References of a chunk whose images are only looked up. To look up 64 takes 5 ms of CPU alone, and 1 ms among 1,000.
UNCHANGED_REFS = 512

LookUp = Callable[[Sequence[str]], Mapping[str, Stored]]
Look = Callable[[str], FileTimes | None]


@contextmanager
def arranging(settings: Settings, prepared: Prepared) -> Iterator[Arrange]:
    """How to arrange the chunks of a job; as they were found if its index is new."""
    if prepared.is_new:
        yield as_found
        return
    with closing(factories.open_index(settings)) as index, closing(factories.reader(settings)) as reader:
        look_up = partial(index.stored, is_fresh=False)
        yield Unchanged(look_up, reader.look, prepared.identity.fingerprint, settings.chunk_size)


class Unchanged:
    """Puts references to unchanged images into chunks of their own. `look_up` gives the documents of ids, `look` the
    times of a local file, `fingerprint` is that of the job's model."""

    def __init__(self, look_up: LookUp, look: Look, fingerprint: str, chunk_size: int) -> None:
        self._look_up = look_up
        self._look = look
        self._fingerprint = fingerprint
        self._chunk_size = chunk_size

    def __call__(self, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        """The same references in fewer chunks, or the chunks as they are."""
        fit = [chunk for chunk in chunks if not is_refused(chunk)]
        if len(fit) < 2:
            return chunks
        refs = [ref for chunk in fit for ref in chunk.refs]
        stored = self._stored(refs)
        same = [ref for ref in refs if self._is_same(ref, stored.get(ref.id))]
        known = {ref.id for ref in same}
        others = [ref for ref in refs if ref.id not in known]
        parts = [*evenly(same, UNCHANGED_REFS), *evenly(others, self._chunk_size)]
        return chunks if len(parts) >= len(fit) else [*_filled(fit, parts), *filter(is_refused, chunks)]

    def _stored(self, refs: Sequence[ImageRef]) -> Mapping[str, Stored]:
        with suppress(LookalikeError):
            return self._look_up([ref.id for ref in refs])
        # The job itself will meet the error. Nobody waits for an index that is away once more.
        self._look_up = lambda ids: {}
        return {}

    def _is_same(self, ref: ImageRef, found: Stored | None) -> bool:
        if found is None or not found.etag or found.model != self._fingerprint:
            return False
        if found.etag == ref.etag:
            return True
        times = self._look(ref.uri) if kind_of(ref.uri) == LOCAL else None
        return times is not None and times.etag == found.etag


def _filled(chunks: Sequence[Chunk], parts: Sequence[Sequence[ImageRef]]) -> list[Chunk]:
    """The parts under the ids of the first chunks."""
    return [Chunk(chunk.id, chunk.job, tuple(part)) for chunk, part in zip(chunks, parts, strict=False)]

"""The images of an index as a source of references, in constant memory."""

from collections.abc import Iterable, Iterator
from contextlib import closing

from lookalike.batches import batched
from lookalike.index import Index
from lookalike.reading.archives.contents import span_in
from lookalike.records import ImageRef
from lookalike_producer.id_store import IdStore

#: References looked up in one request.
REFS_PER_REQUEST = 1000


def stored_images(index: Index) -> Iterator[ImageRef]:
    """The images that the index holds at the start, with labels and metadata, in the order of their uris: members of an
    archive come together, with the places that they had in it.

    Ids and URIs are stored on disk first: a server's scroll would expire while the producer waits for the workers.
    Raises what the index raises, DiskFull.
    """
    with closing(IdStore()) as documents:
        index.refresh()
        documents.add(index.scan())
        for batch in batched(documents.by_uri(), REFS_PER_REQUEST):
            stored = index.stored([id for id, _ in batch], is_fresh=False)
            for id, uri in batch:
                # A document that was deleted meanwhile does not come back.
                if id in stored:
                    span = span_in(uri, stored[id].etag)
                    yield ImageRef(uri, stored[id].name, stored[id].metadata, span)


def strays(index: Index, source: Index) -> Iterator[str]:
    """Ids of documents that are in the index but no longer in the source. Raises as above."""
    with closing(IdStore()) as documents:
        index.refresh()
        source.refresh()
        documents.add(index.scan())
        for batch in batched(source.scan(), REFS_PER_REQUEST):
            documents.discard(id for id, _ in batch)
        yield from _ids(documents.remaining())


def _ids(documents: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (id for id, _ in documents)

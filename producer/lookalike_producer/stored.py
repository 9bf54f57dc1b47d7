"""The images that an index holds, as a source: references to be read again, in constant memory."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice

from lookalike.index import Index
from lookalike.records import ImageRef
from lookalike_producer.id_store import Holdings

#: References looked up in one request.
REFS_PER_REQUEST = 1000


def stored_images(index: Index) -> Iterator[ImageRef]:
    """What the index holds when this begins, with labels and metadata, in no promised order.

    Uris are noted on disk first: a server's scroll ends where a producer has to wait for its workers.
    Raises what the index raises, DiskFull.
    """
    with closing(Holdings()) as holdings:
        index.refresh()
        holdings.add(index.scan())
        remaining = holdings.left()
        while batch := list(islice(remaining, REFS_PER_REQUEST)):
            held = index.stored([id for id, _ in batch], is_fresh=False)
            for id, uri in batch:
                # One that was deleted since is not brought back.
                if id in held:
                    yield ImageRef(uri, held[id].name, held[id].metadata)


def strays(index: Index, source: Index) -> Iterator[str]:
    """Ids of what the index holds and the source does not: deleted there since it was read. Raises as above."""
    with closing(Holdings()) as holdings:
        index.refresh()
        source.refresh()
        holdings.add(index.scan())
        remaining = source.scan()
        while some := list(islice(remaining, REFS_PER_REQUEST)):
            holdings.strike(id for id, _ in some)
        yield from _ids(holdings.left())


def _ids(documents: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (id for id, _ in documents)

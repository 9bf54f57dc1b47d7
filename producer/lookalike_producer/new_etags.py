"""Gives documents the etags of their bytes, so that the next comparison need not read them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from lookalike.index import Index
from lookalike.index.annotation import Annotation
from lookalike.records import Stored
from lookalike_producer.finding import NewEtag


def add_etags(batches: Iterable[Mapping[str, NewEtag]], index: Index) -> None:
    """A document of other bytes, which somebody has written since the comparison, stays as it is."""
    for batch in batches:
        stored = index.stored(list(batch))
        same = {id: found for id, found in stored.items() if found.content_sha256 == batch[id].content_sha256}
        index.annotate({id: _annotation(found, batch[id].etag) for id, found in same.items()})


def _annotation(stored: Stored, etag: str) -> Annotation:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Annotation(stored, stored.name, stored.metadata, etag, stored.chunk, now)

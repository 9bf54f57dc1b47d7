"""Compares references with an index."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lookalike.index import Index
from lookalike.reading.contract import Fetched
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef
from lookalike.settings import read_settings
from lookalike_producer.comparison import compare
from lookalike_producer.examiner import Files
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.part import Whole
from lookalike_producer.scope import Scope
from tests.index.documents import COSINE, clustered_vectors, document
from tests.producer.comparison.records import Records


def store(index: Index, path: Path, content: bytes = b"x") -> None:
    """A file, and its document."""
    path.write_bytes(content)
    made = document(str(path), clustered_vectors(1)[0])
    assert index.write([replace(made, content_sha256=hashlib.sha256(content).hexdigest())]) == []


def everywhere() -> Reader:
    return Reader(read_settings(home="/nonexistent", roots=("/", "s3://"), max_image_bytes=1000))


def statuses(references: Iterator[ImageRef], found: Sequence[Scope], index: Index) -> Counter[SyncStatus]:
    return Counter(finding.status for finding in findings(references, found, index))


def findings(
    references: Iterable[ImageRef],
    found: Sequence[Scope],
    index: Index,
    records: Records | None = None,
    *,
    reads_all: bool = False,
    on_read: Callable[[str], None] = lambda uri: None,
) -> Iterator[Finding]:
    reader = everywhere()

    def fetch(ref: ImageRef) -> Fetched:
        on_read(ref.uri)
        return reader.fetch(ref)

    records = records or Records()
    return compare(
        references,
        Whole(found),
        index=index,
        files=Files(fetch, reader.state, reader.look, lambda reason: "1", reads_all),
        records=records,
        fingerprint=COSINE.fingerprint,
        on_leftover=records.leftovers.append,
    )

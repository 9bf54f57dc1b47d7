"""The result of a comparison, on disk: counts, images to ingest, documents to delete, etags and rejections to renew."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO

import orjson

from lookalike.batches import batched
from lookalike.errors import DiskFull
from lookalike.reading.hosts import host_of
from lookalike.records import ImageRef
from lookalike.uris import is_remote
from lookalike_producer.finding import Finding, NewEtag, SyncStatus
from lookalike_producer.refused import decode, encode

#: These agree with the index and the ledger: nothing has to be done.
SETTLED = frozenset({SyncStatus.PRESENT, SyncStatus.REJECTED})
#: An ingest brings these images to the right state.
TO_INGEST = frozenset({SyncStatus.MISSING, SyncStatus.STALE, SyncStatus.WRONG_MODEL})
#: What is in the index.
_INDEXED = (SyncStatus.PRESENT, SyncStatus.STALE, SyncStatus.WRONG_MODEL, SyncStatus.ORPHANED)
#: There is an image.
_WITH_IMAGE = frozenset({SyncStatus.PRESENT, SyncStatus.STALE, SyncStatus.WRONG_MODEL})


class Diff:
    """What a sync has to do. With `deletes`, it will delete the orphans. Memory does not grow with it."""

    def __init__(self, *, deletes: bool) -> None:
        self.counts: Counter[SyncStatus] = Counter()
        #: How many images a job has to look at; of these, the rejected ones whose records it only renews.
        self.to_ingest = 0
        self.to_renew = 0
        #: How many images lose metadata in that job, and how many lose each field.
        self.losing = 0
        self.lost: Counter[str] = Counter()
        #: The hosts and buckets that have images of the sources.
        self.hosts: set[str] = set()
        self._deletes = deletes
        # `close` closes them: they outlive this call.
        self._to_ingest = tempfile.TemporaryFile()  # noqa: SIM115
        self._orphans = tempfile.TemporaryFile()  # noqa: SIM115
        self._leftovers = tempfile.TemporaryFile()  # noqa: SIM115
        self._etags = tempfile.TemporaryFile()  # noqa: SIM115
        self._files = (self._to_ingest, self._orphans, self._leftovers, self._etags)

    @property
    def documents(self) -> int:
        """How many images of the index were compared."""
        return sum(self.counts[status] for status in _INDEXED)

    def collect(self, findings: Iterable[Finding]) -> None:
        """Count every finding and store those that need an action. Raises DiskFull."""
        for finding in findings:
            self.counts[finding.status] += 1
            if finding.status in _WITH_IMAGE and is_remote(finding.uri):
                self.hosts.add(host_of(finding.uri))
            with _disk_errors():
                self._store(finding)
        with _disk_errors():
            for file in self._files:
                file.flush()

    def add_leftover(self, uri: str) -> None:
        """Store the uri of a recorded rejection that has to be forgotten."""
        with _disk_errors():
            self._leftovers.write(orjson.dumps(uri) + b"\n")

    def references(self) -> Iterator[ImageRef]:
        """The images that have to be ingested."""
        return map(decode, _lines(self._to_ingest))

    def orphans(self) -> Iterator[tuple[str, str]]:
        """Id and uri of every orphaned document."""
        return ((id, uri) for id, uri in map(orjson.loads, _lines(self._orphans)))

    def leftovers(self, size: int) -> Iterator[list[str]]:
        """The uris whose rejections have to be forgotten, at most `size` at a time."""
        return batched(map(orjson.loads, _lines(self._leftovers)), size)

    def new_etags(self, size: int) -> Iterator[dict[str, NewEtag]]:
        """The etags that documents lack, by id, at most `size` at a time."""
        lines = map(orjson.loads, _lines(self._etags))
        while batch := {id: NewEtag(etag, content_sha256) for id, etag, content_sha256 in islice(lines, size)}:
            yield batch

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _store(self, finding: Finding) -> None:
        if finding.status is SyncStatus.ORPHANED:
            self._orphans.write(orjson.dumps([finding.id, finding.uri]) + b"\n")
        elif finding.status is SyncStatus.PRESENT and finding.is_recorded:
            self._leftovers.write(orjson.dumps(finding.uri) + b"\n")
        if finding.status is SyncStatus.PRESENT and (new := finding.new_etag):
            self._etags.write(orjson.dumps([finding.id, new.etag, new.content_sha256]) + b"\n")
        if finding.ref is not None and self._needs_job(finding):
            self.to_ingest += 1
            self.to_renew += finding.is_outdated
            self.losing += bool(finding.lost_fields)
            self.lost.update(finding.lost_fields)
            self._to_ingest.write(encode(finding.ref) + b"\n")

    def _needs_job(self, finding: Finding) -> bool:
        """An image that a list names and that is gone is rejected by a job: again, after its document is deleted."""
        if finding.status is SyncStatus.ORPHANED:
            return self._deletes or not finding.is_recorded
        return finding.status not in SETTLED or finding.is_outdated


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFull(
            f"Cannot write temporary data of the comparison: {error.strerror}.",
            "Free some space, or set TMPDIR to a larger disk.",
        ) from error


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(file)

"""The result of a comparison, on disk: counts, images to ingest and documents to delete."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO

import orjson

from lookalike.errors import DiskFull
from lookalike.messages import decode_reference, encode_reference
from lookalike.records import ImageRef
from lookalike_producer.comparison import Finding, SyncStatus

#: An ingest brings these images to the right state.
TO_INGEST = frozenset({SyncStatus.MISSING, SyncStatus.STALE, SyncStatus.WRONG_MODEL})


class Diff:
    """What a sync has to do. Memory does not grow with it."""

    def __init__(self) -> None:
        self.counts: Counter[SyncStatus] = Counter()
        # `close` closes them: they outlive this call.
        self._to_ingest = tempfile.TemporaryFile()  # noqa: SIM115
        self._orphans = tempfile.TemporaryFile()  # noqa: SIM115

    def collect(self, findings: Iterable[Finding]) -> None:
        """Count every finding and store those that need an action. Raises DiskFull."""
        for finding in findings:
            self.counts[finding.status] += 1
            with _disk_errors():
                self._store(finding)
        with _disk_errors():
            self._to_ingest.flush()
            self._orphans.flush()

    @property
    def to_ingest(self) -> int:
        """How many images have to be ingested."""
        return sum(self.counts[status] for status in TO_INGEST)

    def references(self) -> Iterator[ImageRef]:
        """The images that have to be ingested."""
        return map(decode_reference, _lines(self._to_ingest))

    def orphans(self, size: int) -> Iterator[list[str]]:
        """The ids of orphaned documents, at most `size` at a time."""
        ids = map(orjson.loads, _lines(self._orphans))
        while batch := list(islice(ids, size)):
            yield batch

    def close(self) -> None:
        self._to_ingest.close()
        self._orphans.close()

    def _store(self, finding: Finding) -> None:
        if finding.status is SyncStatus.ORPHANED:
            self._orphans.write(orjson.dumps(finding.id) + b"\n")
        elif finding.status in TO_INGEST and finding.ref is not None:
            self._to_ingest.write(encode_reference(finding.ref) + b"\n")


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

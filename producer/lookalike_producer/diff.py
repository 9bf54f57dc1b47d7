"""What a comparison found to be done, on disk until it is done: memory does not grow with it."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

import orjson

from lookalike.errors import DiskFull
from lookalike.records import ImageRef
from lookalike_producer.comparison import Finding, SyncStatus

#: What an ingest mends.
MENDABLE = frozenset({SyncStatus.MISSING, SyncStatus.STALE, SyncStatus.WRONG_MODEL})


class Differences:
    """How many images met each fate, the references to ingest again, and the documents to remove."""

    def __init__(self) -> None:
        self.counts: Counter[SyncStatus] = Counter()
        # Closed by `close`, for they outlive this call.
        self._mendable = tempfile.TemporaryFile()  # noqa: SIM115
        self._orphans = tempfile.TemporaryFile()  # noqa: SIM115

    def collect(self, findings: Iterable[Finding]) -> None:
        """Count every finding and note those that ask for something. Raises DiskFull."""
        for finding in findings:
            self.counts[finding.fate] += 1
            with _translated():
                self._note(finding)
        with _translated():
            self._mendable.flush()
            self._orphans.flush()

    @property
    def mendable(self) -> int:
        return sum(self.counts[fate] for fate in MENDABLE)

    def references(self) -> Iterator[ImageRef]:
        """What is to be ingested."""
        return (ImageRef(**item) for item in _lines(self._mendable))

    def orphans(self, size: int) -> Iterator[list[str]]:
        """The ids of what is to be removed, at most `size` at a time."""
        ids = _lines(self._orphans)
        while some := list(islice(ids, size)):
            yield some

    def close(self) -> None:
        self._mendable.close()
        self._orphans.close()

    def _note(self, finding: Finding) -> None:
        if finding.fate is SyncStatus.ORPHANED:
            self._orphans.write(orjson.dumps(finding.id) + b"\n")
        elif finding.fate in MENDABLE and finding.ref is not None:
            ref = finding.ref
            item = {"uri": ref.uri, "label": ref.label, "metadata": dict(ref.metadata)}
            self._mendable.write(orjson.dumps(item) + b"\n")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFull(
            f"The differences cannot be noted: {error.strerror}.", "Free some room, or set TMPDIR to a larger disk."
        ) from error


def _lines(file: IO[bytes]) -> Iterator[Any]:
    file.seek(0)
    return map(orjson.loads, file)

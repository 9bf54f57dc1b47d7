"""Makes an index match its sources, and counts the differences."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from lookalike import factories
from lookalike.errors import SourceMissing
from lookalike.settings import Settings
from lookalike_producer.comparison import Finding, SyncStatus, compare
from lookalike_producer.diff import TO_INGEST, Diff
from lookalike_producer.jobs import JobRequest
from lookalike_producer.preparation import prepare
from lookalike_producer.report import Report
from lookalike_producer.scope import scopes
from lookalike_producer.sources import STDIN, find_images

#: Documents deleted in one request.
IDS_PER_REQUEST = 1000
#: Examples of each status, in a `Verification`.
EXAMPLES = 5


@dataclass(frozen=True)
class Sources:
    """Folders, globs, lists and images by `names`; `label_from` is "parent" or "none".

    `within` are folders that a list of images is complete for.
    """

    names: Sequence[str]
    label_from: str = "parent"
    within: Sequence[str] = ()


@dataclass(frozen=True)
class Verification:
    """How many images have each status, with the first few of each but PRESENT."""

    counts: Mapping[SyncStatus, int]
    examples: Mapping[SyncStatus, Sequence[Finding]]

    @property
    def is_in_sync(self) -> bool:
        """Whether the index has exactly the images of the sources, unchanged."""
        return all(status is SyncStatus.PRESENT or not count for status, count in self.counts.items())


@dataclass(frozen=True)
class SyncReport:
    """The differences, the number of deleted orphans, and the report on the ingest; None if nothing was ingested."""

    counts: Mapping[SyncStatus, int]
    deleted: int
    job: Report | None


def verify(settings: Settings, sources: Sources) -> Verification:
    """Compare sources with the configured index. Raises SourceMissing, what the index raises, DiskFull."""
    counts: Counter[SyncStatus] = Counter()
    examples: dict[SyncStatus, list[Finding]] = {status: [] for status in SyncStatus if status != SyncStatus.PRESENT}
    with _findings(settings, sources) as findings:
        for finding in findings:
            counts[finding.status] += 1
            some = examples.get(finding.status, [])
            if len(some) < EXAMPLES:
                some.append(finding)
    return Verification(_all(counts), examples)


def sync(
    settings: Settings,
    sources: Sources,
    *,
    run: Callable[[JobRequest], Report],
    delete: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
) -> SyncReport:
    """Ingest what is missing, stale or of another model; with `delete`, delete the orphans before.

    `run` runs the job. Raises what it raises, SourceMissing, what the index raises, DiskFull.
    """
    spec = factories.model_spec(settings)
    find_images(sources.names, sources.label_from)
    with closing(Diff()) as diff:
        prepare(settings, spec, with_artifact=False, on_note=on_note)
        with _findings(settings, sources) as findings:
            diff.collect(findings)
        deleted = _delete_orphans(diff, settings, sources.names) if delete else 0
        request = JobRequest(
            settings,
            spec,
            source="\n".join(sources.names),
            references=diff.references,
            count=lambda: diff.to_ingest,
        )
        return SyncReport(_all(diff.counts), deleted, run(request) if diff.to_ingest else None)


@contextmanager
def _findings(settings: Settings, sources: Sources) -> Iterator[Iterator[Finding]]:
    """The findings, as they come."""
    references = find_images(sources.names, sources.label_from)
    in_scope = scopes(sources.names, sources.within)
    fingerprint = factories.model_spec(settings).fingerprint
    read = factories.storage(settings).read
    with closing(factories.open_index(settings)) as index:
        yield compare(references, in_scope, index=index, read=read, fingerprint=fingerprint)


def _delete_orphans(diff: Diff, settings: Settings, sources: Sequence[str]) -> int:
    """Delete the orphans from the index; returns how many there were. Raises SourceMissing."""
    _check_sources(diff, sources)
    with closing(factories.open_index(settings)) as index:
        for ids in diff.orphans(IDS_PER_REQUEST):
            index.delete(ids)
        index.refresh()
    return diff.counts[SyncStatus.ORPHANED]


def _check_sources(diff: Diff, sources: Sequence[str]) -> None:
    """A folder that is not mounted looks as if all of its images had been deleted. Raises SourceMissing."""
    if not diff.counts[SyncStatus.ORPHANED]:
        return
    has_images = any(diff.counts[status] for status in (SyncStatus.PRESENT, *TO_INGEST))
    empty = next((source for source in sources if _is_empty(source)), None) if has_images else sources[0]
    if empty is not None:
        raise SourceMissing(
            f"{empty!r} holds no image that can be read, so nothing is deleted.",
            "Check that it is mounted. If it is empty on purpose, name a folder above it.",
        )


def _is_empty(source: str) -> bool:
    return source != STDIN and next(find_images([source]), None) is None


def _all(counts: Mapping[SyncStatus, int]) -> dict[SyncStatus, int]:
    """Every status with its count, in the order of their declaration."""
    return {status: counts.get(status, 0) for status in SyncStatus}

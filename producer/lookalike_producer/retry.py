"""Retries rejected images: one new job for all that were for the same index and model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.embedding.specs.spec_lookup import spec_of
from lookalike.errors import IndexConflict, IndexMissing
from lookalike.ledger import Job, Ledger
from lookalike.records import ImageRef, Reason, Rejection
from lookalike.settings import Settings
from lookalike_producer.job_request import JobRequest
from lookalike_producer.refused import RefusedReference, is_of_source
from lookalike_producer.report import Report

#: Removed from a job's list in one step.
URIS_PER_STEP = 1000


class Retry:
    """The rejected images of jobs for one index and model; each image once, as the newest job found it."""

    def __init__(self, ledger: Ledger, jobs: Sequence[Job], reason: Reason | None, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._jobs = jobs
        self._reason = reason
        #: Redis holds as many in its memory.
        self._taken: set[str] = set()
        self._notes: list[str] = []

    def run(self, run_job: Callable[[JobRequest], Report]) -> Report:
        """The report on the new job. Raises what `run_job` raises, IndexConflict for an index at another address.

        The images stay on the lists of the old jobs until the new one has ended, so that an interruption loses none.
        """
        report = run_job(self._request())
        uris = list(self._taken)
        for old in self._jobs:
            for start in range(0, len(uris), URIS_PER_STEP):
                self._ledger.remove_rejected(old.id, uris[start : start + URIS_PER_STEP])
        return report

    def _request(self) -> JobRequest:
        newest = self._jobs[0]
        settings = self._settings.model_copy(update={"index": newest.index})
        if settings.index_address != newest.index_address:
            raise IndexConflict(
                f"Job {newest.id} was for the index at {newest.index_address}, not for {settings.index_address}.",
                "Set LOOKALIKE_INDEX_URL to that index.",
            )
        source = "\n".join(f"rejected by {job.id}" for job in self._jobs)
        spec = _spec(settings, ModelSpec.from_json(newest.spec))
        return JobRequest(
            settings,
            spec,
            source=source,
            references=self._references,
            count=lambda: None,
            tries_again=True,
            notes=self._notes,
            named=tuple(dict.fromkeys(prefix for job in self._jobs for prefix in job.named)),
        )

    def _references(self) -> Iterator[ImageRef]:
        of_source = 0
        for job in self._jobs:
            for rejection in self._ledger.rejections(job.id):
                uri = rejection.ref.uri
                if self._reason in (None, rejection.rejected.reason) and uri not in self._taken:
                    self._taken.add(uri)
                    of_source += is_of_source(rejection)
                    yield _again(rejection)
        if of_source:
            self._notes.append(_not_tried(of_source))


def _not_tried(count: int) -> str:
    one = "record is" if count == 1 else "records are"
    return (
        f"{count:,} {one} of rows, tables, folders or archives and not of images: "
        "to read their source again, repeat its `ingest` or `sync`."
    )


def _again(rejection: Rejection) -> ImageRef:
    """The image; what tells of none is rejected as before, until its source is read again."""
    rejected = rejection.rejected
    if is_of_source(rejection):
        return RefusedReference(rejected.uri, reason=rejected.reason, detail=rejected.detail)
    return rejection.ref


def _spec(settings: Settings, former: ModelSpec) -> ModelSpec:
    """The model of the index, to which it may have been promoted since; the former one if it is not known here."""
    with closing(factories.open_index(settings)) as index, suppress(IndexMissing):
        indexed = index.model()
        if indexed.fingerprint != former.fingerprint:
            return spec_of(indexed, settings.home) or former
    return former


def retries(ledger: Ledger, jobs: Sequence[Job], reason: Reason | None, settings: Settings) -> list[Retry]:
    """The images to retry of the jobs, which come newest first; `reason` limits it to one kind of rejection."""
    groups: dict[tuple[str, str, str], list[Job]] = {}
    for job in jobs:
        if any(reason in (None, rejected.reason) for rejected in ledger.rejected(job.id)):
            groups.setdefault((job.index, job.index_address, job.spec), []).append(job)
    return [Retry(ledger, group, reason, settings) for group in groups.values()]

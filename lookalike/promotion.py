"""Moves an index's alias to another version, after checking that no reader loses documents and no job is writing."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.errors import BrokerUnavailable, IndexConflict
from lookalike.index import IndexInfo
from lookalike.index.versions import current, pick, rollback
from lookalike.ledger import Job, Ledger
from lookalike.settings import Settings


@dataclass(frozen=True)
class Promotion:
    """The version that readers see now, and the one that they saw before."""

    version: IndexInfo
    before: str


def promote(settings: Settings, version: str | None = None, *, force: bool = False) -> Promotion:
    """Move the alias to `version`, or to the newest one.

    Raises PermanentError for an unknown version; IndexConflict, unless `force`, for one that is not ready.
    """
    with closing(factories.open_versions(settings)) as versions:
        infos = versions.infos()
        now, chosen = current(infos, settings.index), pick(infos, settings.index, version)
        if not force:
            _check_ready(settings, now, chosen)
        versions.move(chosen.version)
    return Promotion(chosen, now.version)


def roll_back(settings: Settings, *, force: bool = False) -> Promotion:
    """Move the alias back to the previous version.

    Raises PermanentError if there is none; IndexConflict, unless `force`, while a job writes to the index.
    """
    with closing(factories.open_versions(settings)) as versions:
        if not force:
            _check_no_jobs(settings, versions.infos(), settings.index)
        before, previous = rollback(versions)
        chosen = next(info for info in versions.infos() if info.version == previous)
    return Promotion(chosen, before)


def writing_jobs(settings: Settings, names: Sequence[str]) -> list[Job]:
    """Return the active jobs that write to an index or version with one of these names. Raises BrokerUnavailable."""
    with open_stack(settings, with_worker=False) as stack:
        ledger = Ledger(stack.broker_url)
        active = [job for job in ledger.active_jobs() if job.index_address == settings.index_address]
        # A job whose producer died and that has no chunks left only waits for a worker to close it.
        return [
            job for job in active if job.index in names and (ledger.has_producer(job.id) or ledger.outstanding(job.id))
        ]


def _check_ready(settings: Settings, now: IndexInfo, chosen: IndexInfo) -> None:
    """Raise IndexConflict if the version has fewer documents than the current one, or is still in bulk-load mode."""
    _check_no_jobs(settings, [now, chosen], settings.index, chosen.version)
    with closing(factories.open_index(settings, chosen.version)) as opened:
        if opened.is_loading():
            raise IndexConflict(
                f"{chosen.version} is still in bulk-load mode.",
                f"Run `lookalike index restore {chosen.version}` to end it.",
            )
        opened.refresh()
        documents = opened.count()
    with closing(factories.open_index(settings)) as index:
        wanted = index.count()
    if documents < wanted:
        raise IndexConflict(
            f"{chosen.version} has {documents:,} documents, but {now.version} has {wanted:,}.",
            "Run the same `lookalike reembed` again. If the rest are in `lookalike failed list`, use --force.",
        )


def _check_no_jobs(settings: Settings, infos: Sequence[IndexInfo], *names: str) -> None:
    """Raise IndexConflict while a job writes to the old or the new version."""
    try:
        jobs = writing_jobs(settings, [*names, *(info.version for info in infos)])
    except BrokerUnavailable as error:
        raise IndexConflict(
            f"Cannot check whether a job is writing to {settings.index}: {error.why}.",
            "Start the broker, or use --force.",
        ) from error
    if jobs:
        raise IndexConflict(
            f"Job {jobs[0].id} is writing to {jobs[0].index}.",
            "Wait until it ends (`lookalike status`), run its command again if it was killed, or use --force.",
        )

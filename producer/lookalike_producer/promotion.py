"""Moves an index's alias to another version, after checking that it lacks nothing and that no job is writing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime

from lookalike import factories
from lookalike.batches import batched
from lookalike.embedded import open_stack
from lookalike.errors import BrokerUnavailable, IndexConflict, MissingExtra
from lookalike.index import IndexInfo
from lookalike.index.versions import current, pick, rollback
from lookalike.ledger import Job, Ledger, place_of
from lookalike.ledger.rejections import URIS_PER_STEP
from lookalike.records import Reason, Rejection, document_id
from lookalike.settings import Settings
from lookalike.shown import shown
from lookalike_producer.version_comparison import compare_versions

#: What another model, or another index, may accept.
OF_A_MODEL = frozenset({Reason.BAD_VECTOR, Reason.REFUSED})


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
    with _unless_forced(force):
        _carry_rejections(settings, now.version, chosen.version)
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
    with _unless_forced(force):
        _carry_rejections(settings, before, previous)
    return Promotion(chosen, before)


def forget_rejections(settings: Settings, versions: Sequence[str]) -> None:
    """Forget the rejections of versions that were deleted. If there is no broker, there is nothing to forget."""
    with suppress(BrokerUnavailable, MissingExtra), _ledger(settings) as ledger:
        for version in versions:
            ledger.forget_all(place_of(settings.index_address, version))


def _unless_forced(force: bool) -> AbstractContextManager[None]:
    """With --force the broker may be away: images that were rejected are then tried again."""
    return suppress(BrokerUnavailable) if force else nullcontext()


def writing_jobs(settings: Settings, names: Sequence[str]) -> list[Job]:
    """Return the active jobs that write to an index or version with one of these names. Raises BrokerUnavailable."""
    with _ledger(settings) as ledger:
        active = [job for job in ledger.active_jobs() if job.index_address == settings.index_address]
        # A job whose producer died and that has no chunks left only waits for a worker to close it.
        return [
            job for job in active if job.index in names and (ledger.has_producer(job.id) or ledger.outstanding(job.id))
        ]


def _check_ready(settings: Settings, now: IndexInfo, chosen: IndexInfo) -> None:
    """Raise IndexConflict if the version lacks what changed in the current one, or is still in bulk-load mode."""
    _check_no_jobs(settings, [now, chosen], settings.index, chosen.version)
    with (
        closing(factories.open_index(settings, now.version)) as old,
        closing(factories.open_index(settings, chosen.version)) as new,
        _ledger(settings) as ledger,
    ):
        if new.is_loading():
            raise IndexConflict(
                f"{chosen.version} is still in bulk-load mode.",
                f"Run `lookalike index restore {chosen.version}` to end it.",
            )
        place = place_of(settings.index_address, chosen.version)
        found = compare_versions(old, new, unfit=lambda times: _unfit(ledger.earlier(place, list(times)), times))
    if found:
        raise IndexConflict(
            f"{chosen.version} lacks what changed in {now.version}: {found}, such as {shown(found.example)}.",
            "Run the same `lookalike reembed` again. If files are gone, run `lookalike sync --delete` before it. "
            "--force switches nevertheless.",
        )


def _unfit(rejections: Mapping[str, Rejection], times: Mapping[str, str]) -> set[str]:
    """The images whose files hold nothing that can be indexed, as the new version has found later than the old one."""
    return {uri for uri, item in rejections.items() if item.rejected.reason.is_about_content and _is_later(item, times)}


def _is_later(rejection: Rejection, times: Mapping[str, str]) -> bool:
    indexed_at = datetime.fromisoformat(times[rejection.ref.uri])
    return rejection.basis.judged_at_ms >= indexed_at.timestamp() * 1000


def _carry_rejections(settings: Settings, old: str, new: str) -> None:
    """Record the rejections of one version at another, which readers see from now on: whatever is in neither version
    must not become missing. Rejections that depend on the model stay; those images are tried again."""
    left, entered = (place_of(settings.index_address, version) for version in (old, new))
    with closing(factories.open_index(settings, new)) as index, _ledger(settings) as ledger:
        for batch in batched(ledger.recorded(left), URIS_PER_STEP):
            held = index.stored([document_id(uri) for uri in batch])
            earlier = ledger.earlier(left, batch)
            absent = [uri for uri in batch if document_id(uri) not in held]
            ledger.forget(left, [uri for uri in batch if document_id(uri) in held])
            ledger.adopt(left, entered, [uri for uri in absent if _travels(earlier.get(uri))])


def _travels(rejection: Rejection | None) -> bool:
    """Whether a rejection is true for every model."""
    return rejection is not None and not rejection.rejected.kept and rejection.rejected.reason not in OF_A_MODEL


@contextmanager
def _ledger(settings: Settings) -> Iterator[Ledger]:
    with open_stack(settings, with_worker=False) as stack, closing(Ledger(stack.broker_url)) as ledger:
        yield ledger


def _check_no_jobs(settings: Settings, infos: Sequence[IndexInfo], *names: str) -> None:
    """Raise IndexConflict while a job writes to the old or the new version, and BrokerUnavailable."""
    try:
        jobs = writing_jobs(settings, [*names, *(info.version for info in infos)])
    except BrokerUnavailable as error:
        error.advice += " Or use --force: it does not look for jobs that write to the index."
        raise
    if jobs:
        raise IndexConflict(
            f"Job {jobs[0].id} is writing to {jobs[0].index}.",
            "Wait until it ends (`lookalike status`), run its command again if it was killed, or use --force.",
        )

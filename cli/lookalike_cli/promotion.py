"""`lookalike index promote` and `rollback`: which version of an index readers see; moves nothing that is not ready."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.errors import BadSetting, BrokerUnavailable, IndexConflict
from lookalike.index import IndexInfo, index_of
from lookalike.index.versions import current, pick, rollback
from lookalike.ledger import Job, Ledger
from lookalike.settings import Settings, read_settings
from lookalike_cli.console import print_json, remark
from lookalike_cli.options import IndexName, Json

Physical = Annotated[str | None, typer.Argument(metavar="[VERSION]", help="Without it, the newest version.")]
Force = Annotated[bool, typer.Option("--force", help="Also a version that is not complete or not at rest.")]


def promote(physical: Physical = None, index: IndexName = None, force: Force = False, json: Json = False) -> None:
    """Let searches see another version of an index, in one step; refused while that version is not complete."""
    settings = read_settings(index=_index(physical, index))
    with closing(factories.open_versions(settings)) as versions:
        infos = versions.infos()
        now, chosen = current(infos, settings.index), pick(infos, settings.index, physical)
        if not force:
            _check(settings, now, chosen)
        versions.move(chosen.version)
    _tell(settings, now.version, chosen, json=json)


def roll_back(index: IndexName = None, force: Force = False, json: Json = False) -> None:
    """Let searches see the version again that the current one took the place of."""
    settings = read_settings(index=index)
    with closing(factories.open_versions(settings)) as versions:
        if not force:
            _check_jobs(settings, versions.infos(), settings.index)
        left, previous = rollback(versions)
        chosen = next(info for info in versions.infos() if info.version == previous)
    _tell(settings, left, chosen, json=json)


def writing_jobs(settings: Settings, names: Sequence[str]) -> list[Job]:
    """The jobs that have not ended and write to an index or version of one of these names. Raises BrokerUnavailable."""
    with open_stack(settings, with_worker=False) as stack:
        ledger = Ledger(stack.broker_url)
        ours = [job for job in ledger.active_jobs() if job.index_address == settings.index_address]
        # One that was killed with nothing left to do only waits for a worker to say so.
        return [
            job for job in ours if job.index in names and (ledger.has_producer(job.id) or ledger.outstanding(job.id))
        ]


def _index(physical: str | None, index: str | None) -> str | None:
    """The index that a version belongs to. Raises BadSetting if another one is named besides."""
    if physical is None:
        return index
    if index not in (None, index_of(physical)):
        raise BadSetting(f"{physical} is no version of index {index}.", "Give one of them.")
    return index_of(physical)


def _check(settings: Settings, now: IndexInfo, chosen: IndexInfo) -> None:
    """Raises IndexConflict where searches would miss what they find now, or a load is not over."""
    _check_jobs(settings, [now, chosen], settings.index, chosen.version)
    with closing(factories.open_index(settings, chosen.version)) as version:
        if version.is_loading():
            raise IndexConflict(
                f"{chosen.version} is still as a load left it.",
                f"`lookalike index restore {chosen.version}` ends it.",
            )
        version.refresh()
        documents = version.count()
    with closing(factories.open_index(settings)) as index:
        wanted = index.count()
    if documents < wanted:
        raise IndexConflict(
            f"{chosen.version} holds {documents:,} documents, {now.version} holds {wanted:,}.",
            "Run the same `lookalike reembed` again; for what `lookalike failed list` names for good, use --force.",
        )


def _check_jobs(settings: Settings, infos: Sequence[IndexInfo], *names: str) -> None:
    """Raises IndexConflict while a job writes to what is left or to what is moved to."""
    try:
        jobs = writing_jobs(settings, [*names, *(info.version for info in infos)])
    except BrokerUnavailable as error:
        raise IndexConflict(
            f"Nobody can tell whether a job writes to {settings.index}: {error.why}.",
            "Start the broker, or use --force.",
        ) from error
    if jobs:
        raise IndexConflict(
            f"Job {jobs[0].id} writes to {jobs[0].index}.",
            "Wait for its end (`lookalike status`), run its command again if it was killed, or use --force.",
        )


def _tell(settings: Settings, left: str, chosen: IndexInfo, *, json: bool) -> None:
    remark(f"Index {settings.index} points to {chosen.version} now, for {chosen.model}; before, to {left}.")
    remark(f"Ingest with the model {chosen.model.name} from now on (--model, or LOOKALIKE_MODEL): others are refused.")
    if json:
        print_json(
            {
                "name": settings.index,
                "physical": chosen.version,
                "before": left,
                "model": chosen.model.name,
                "fingerprint": chosen.model.fingerprint,
            }
        )

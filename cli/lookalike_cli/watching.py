"""The output of `lookalike sync --watch`: a line for the first round, and for each in which something changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from lookalike.errors import BadSetting
from lookalike.plural import counted
from lookalike.settings import Settings
from lookalike_cli.console import for_people, print_json, remark
from lookalike_producer.changes import Changes
from lookalike_producer.finding import SyncStatus
from lookalike_producer.follow import Sync, follow
from lookalike_producer.sync import SyncReport


def watch(
    settings: Settings,
    sources: list[str],
    sync: Sync,
    *,
    delete: bool,
    yes: bool,
    every_s: float | None,
    as_json: Callable[[SyncReport], dict[str, Any]] | None,
) -> NoReturn:
    """Sync now, and whenever the sources may have changed. With `as_json`, each round prints a line of JSON. Raises
    BadSetting."""
    if "-" in sources:
        raise BadSetting("Standard input cannot be watched.", "Give the list as a file.")
    changes = Changes(sources, every_s, settings.home)
    output = for_people(json=as_json is not None)
    rounds = 0

    def show(report: SyncReport) -> None:
        nonlocal rounds
        rounds += 1
        line = summary(report) or (f"{_in_step(report)} in step" if rounds == 1 else "")
        if line:
            output.say(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {line}")
        if as_json is not None:
            print_json(as_json(report) | {"whole": report.is_whole})

    remark("Watching. Press Ctrl-C to stop.")
    try:
        follow(sync, changes, delete=delete, yes=yes, on_report=show, on_note=remark)
    finally:
        changes.close()


def _in_step(report: SyncReport) -> str:
    return counted(report.counts.get(SyncStatus.PRESENT, 0), "image is", "images are")


def summary(report: SyncReport) -> str:
    """What a round has changed; empty if nothing."""
    job = report.job
    numbers = {
        "indexed": job.indexed - job.annotated if job else 0,
        "annotated": job.annotated if job else 0,
        "deleted": report.deleted,
        "rejected": job.rejected - job.still_rejected if job else 0,
    }
    return ", ".join(f"{count:,} {word}" for word, count in numbers.items() if count)

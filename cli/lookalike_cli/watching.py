"""The output of `lookalike sync --watch`: one line for each round in which something changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from lookalike.errors import BadSetting
from lookalike.settings import Settings
from lookalike_cli.console import for_people, print_json, remark
from lookalike_producer.changes import Changes
from lookalike_producer.follow import follow
from lookalike_producer.sync import SyncReport


def watch(
    settings: Settings,
    sources: list[str],
    sync: Callable[[bool], SyncReport],
    *,
    delete: bool,
    every_s: float | None,
    as_json: Callable[[SyncReport], Any] | None,
) -> NoReturn:
    """Sync now, and whenever the sources may have changed. With `as_json`, the lines are JSON. Raises BadSetting."""
    if "-" in sources:
        raise BadSetting("Standard input cannot be watched.", "Give the list as a file.")
    changes = Changes(sources, every_s, settings.home)
    output = for_people(json=as_json is not None)

    def show(report: SyncReport) -> None:
        if line := summary(report):
            output.say(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {line}")
            if as_json is not None:
                print_json(as_json(report))

    remark("Watching. Press Ctrl-C to stop.")
    try:
        follow(sync, changes, delete=delete, on_report=show, on_note=remark)
    finally:
        changes.close()


def summary(report: SyncReport) -> str:
    """What a round has changed; empty if nothing."""
    job = report.job
    numbers = {
        "indexed": job.indexed if job else 0,
        "deleted": report.deleted,
        "rejected": job.rejected - job.still_rejected if job else 0,
    }
    return ", ".join(f"{count:,} {word}" for word, count in numbers.items() if count)

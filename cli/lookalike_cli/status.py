"""`lookalike status`: lists the jobs, or shows one job with its rejected images."""

import time
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any

import typer
from celery import Celery

from lookalike.embedded import open_stack
from lookalike.ledger import Job, JobKind, Ledger
from lookalike.queue import make_app
from lookalike.reconciler import GRACE_S, resend_lost
from lookalike.settings import read_settings
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import Json
from lookalike_producer.stall import note_missing_workers, then, waits_for

app = Application()

#: Rejected images shown on a terminal; `--json` counts all of them.
SHOWN = 20


@app.command()
def status(
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="Job id; default: the latest jobs.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Before that, send lost messages again.")] = False,
    json: Json = False,
) -> None:
    """Show the latest jobs, or one job in detail."""
    settings = read_settings()
    with open_stack(settings, with_worker=False) as stack:
        ledger = Ledger(stack.broker_url)
        repaired = _repair(ledger, make_app(stack.broker_url, settings.time_limit_s)) if repair else {}
        if job is None:
            _show_all(ledger, json, repaired)
        else:
            _show_one(ledger, ledger.job(job), json, repaired, settings.host_wait_s)
        # A map is made by the command that was asked for it.
        if any(one.is_worked_on and one.kind is not JobKind.MAP for one in _shown(ledger, job)):
            note_missing_workers(stack, ledger, remark)


def _shown(ledger: Ledger, job: str | None) -> list[Job]:
    return ledger.active_jobs() if job is None else [ledger.job(job)]


def _repair(ledger: Ledger, celery: Celery) -> dict[str, int]:
    sent = resend_lost(ledger, celery, grace_s=GRACE_S)
    remark(f"Messages resent: {sent:,}.")
    return {"repaired": sent}


def _show_all(ledger: Ledger, json: bool, repaired: dict[str, int]) -> None:
    jobs = ledger.jobs()
    if json:
        print_json({"jobs": [plain(job) for job in jobs]} | repaired)
    elif not jobs:
        remark("No jobs yet. Start one with `lookalike ingest FOLDER`.")
    else:
        rows = [
            (job.id, job.state.value, job.found, job.indexed, job.unchanged, job.rejected, _first_source(job))
            for job in jobs
        ]
        results.print(table("job", "state", "found", "indexed", "unchanged", "rejected", "source", rows=rows))


def _first_source(job: Job) -> str:
    if job.kind is JobKind.MAP:
        return f"{job.source}, {job.placed:,} placed"
    first, *others = job.source.split("\n")
    return f"{first}, ..." if others else first


def _show_one(ledger: Ledger, job: Job, json: bool, repaired: dict[str, int], host_wait_s: int) -> None:
    waiting = ledger.waiting(job.id)
    returned = "" if job.has_ended else ledger.returned(job.id)
    if json:
        hosts = [asdict(item) for item in waiting]
        print_json(plain(job) | {"reasons": dict(job.reasons), "waiting": hosts, "returned": returned} | repaired)
        return
    texts = {name: ", ".join(str(value).split("\n")) for name, value in plain(job).items() if value not in ("", None)}
    results.print(table("", "", rows=list(texts.items())))
    for item in waiting[:SHOWN]:
        remark(f"{item}, for {time.time() - item.since:,.0f} s until now. {then(item, host_wait_s)}")
    if returned:
        remark(waits_for(returned))
    rejected = [(item.reason.value, item.uri, item.detail) for item in islice(ledger.rejected(job.id), SHOWN)]
    if rejected:
        results.print(table("reason", "image", "detail", rows=rejected))
        if (more := ledger.rejected_count(job.id) - SHOWN) > 0:
            remark(f"... and {more:,} more. List them all with `lookalike failed list {job.id}`.")


def plain(job: Job) -> dict[str, Any]:
    """A job as JSON values."""
    return {
        "job": job.id,
        "kind": job.kind.value,
        "state": job.state.value,
        "source": job.source,
        "index": job.index,
        "model": job.model,
        "found": job.found,
        "indexed": job.indexed,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "placed": job.placed,
        "not_done": job.not_done,
        "resent": job.resent,
        "seconds": round(max(0.0, (job.ended_at or time.time()) - job.started_at), 3),
        "error": job.error,
    }

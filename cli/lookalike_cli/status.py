"""`lookalike status`: the jobs, or one of them with what was rejected and why."""

import time
from collections import Counter
from itertools import islice
from typing import Annotated, Any

import typer
from celery import Celery

from lookalike.embedded import open_stack
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app
from lookalike.reconciler import GRACE_S, Reconciler
from lookalike.settings import read_settings
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import Json

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Rejected images that fit a screen; `--json` counts them all.
SHOWN = 20
#: Between two looks of a repair.
POLL_S = 1.0
#: A message counts as lost only after its grace: what was lost when a repair began is sent again before its end.
REPAIR_S = GRACE_S + 5.0


@app.command()
def status(
    job: Annotated[str | None, typer.Argument(help="One job; without it, the latest ones.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="First send again what was lost on its way.")] = False,
    json: Json = False,
) -> None:
    """Show what became of the jobs."""
    settings = read_settings()
    with open_stack(settings, with_worker=False) as stack:
        ledger = Ledger(stack.broker_url)
        repaired = _repair(ledger, make_app(stack.broker_url, settings.time_limit_s)) if repair else {}
        if job is None:
            _all(ledger, json, repaired)
        else:
            _one(ledger, ledger.job(job), json, repaired)


def _repair(ledger: Ledger, celery: Celery) -> dict[str, int]:
    """Send again what is outstanding but neither queued nor running; how many messages that were."""
    reconciler = Reconciler(ledger, celery)
    deadline = time.monotonic() + REPAIR_S
    sent = reconciler.look()
    while _may_be_lost(ledger) and time.monotonic() < deadline:
        time.sleep(POLL_S)
        sent += reconciler.look()
    remark(f"{sent:,} messages sent again.")
    return {"repaired": sent}


def _may_be_lost(ledger: Ledger) -> bool:
    """Whether any job waits for something that no worker holds."""
    return any(job.state is JobState.FINISHING or ledger.unattended(job.id) for job in ledger.active_jobs())


def _all(ledger: Ledger, json: bool, repaired: dict[str, int]) -> None:
    jobs = ledger.jobs()
    if json:
        print_json({"jobs": [_plain(job) for job in jobs]} | repaired)
    elif not jobs:
        remark("No jobs yet: `lookalike ingest FOLDER` starts one.")
    else:
        rows = [
            (job.id, job.state.value, job.found, job.indexed, job.unchanged, job.rejected, job.source.split("\n")[0])
            for job in jobs
        ]
        results.print(table("job", "state", "found", "indexed", "unchanged", "rejected", "source", rows=rows))


def _one(ledger: Ledger, job: Job, json: bool, repaired: dict[str, int]) -> None:
    reasons = Counter(rejected.reason.value for rejected in ledger.rejected(job.id))
    if json:
        print_json(_plain(job) | {"reasons": dict(reasons.most_common())} | repaired)
        return
    facts = [(name, str(value)) for name, value in _plain(job).items() if value not in ("", None)]
    results.print(table("", "", rows=facts))
    rejected = [(item.reason.value, item.uri, item.detail) for item in islice(ledger.rejected(job.id), SHOWN)]
    if rejected:
        results.print(table("rejected for", "picture", "detail", rows=rejected))
        if job.rejected > SHOWN:
            remark(f"... and {job.rejected - SHOWN:,} more.")


def _plain(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": job.state.value,
        "source": job.source,
        "index": job.index,
        "model": job.model,
        "found": job.found,
        "indexed": job.indexed,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "resent": job.resent,
        "seconds": round((job.ended_at or time.time()) - job.started_at, 3),
        "error": job.error,
    }

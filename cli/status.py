"""`lookalike status`: the jobs, or one of them with what was rejected and why."""

import time
from collections import Counter
from itertools import islice
from typing import Annotated, Any

import typer

from cli.console import print_json, remark, results, table
from cli.options import Json
from cli.stack import open_stack
from lookalike.ledger import Job, Ledger
from lookalike.settings import read_settings

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Rejected images that fit a screen; `--json` counts them all.
SHOWN = 20


@app.command()
def status(
    job: Annotated[str | None, typer.Argument(help="One job; without it, the latest ones.")] = None,
    json: Json = False,
) -> None:
    """Show what became of the jobs."""
    settings = read_settings()
    with open_stack(settings, with_worker=False) as stack:
        ledger = Ledger(stack.broker_url)
        if job is None:
            _all(ledger, json)
        else:
            _one(ledger, ledger.job(job), json)


def _all(ledger: Ledger, json: bool) -> None:
    jobs = ledger.jobs()
    if json:
        print_json({"jobs": [_plain(job) for job in jobs]})
    elif not jobs:
        remark("No jobs yet: `lookalike ingest FOLDER` starts one.")
    else:
        rows = [
            (job.id, job.state.value, job.found, job.indexed, job.unchanged, job.rejected, job.source.split("\n")[0])
            for job in jobs
        ]
        results.print(table("job", "state", "found", "indexed", "unchanged", "rejected", "source", rows=rows))


def _one(ledger: Ledger, job: Job, json: bool) -> None:
    reasons = Counter(rejected.reason.value for rejected in ledger.rejected(job.id))
    if json:
        print_json(_plain(job) | {"reasons": dict(reasons.most_common())})
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
        "seconds": round((job.ended_at or time.time()) - job.started_at, 3),
        "error": job.error,
    }

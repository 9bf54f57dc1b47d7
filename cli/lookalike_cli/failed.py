"""`lookalike failed`: lists, retries, exports and forgets the rejected images of one job or of all jobs."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from lookalike.embedded import open_stack
from lookalike.errors import PermanentError
from lookalike.exit_codes import ExitCode
from lookalike.ledger import Job, Ledger
from lookalike.plural import counted
from lookalike.records import Reason
from lookalike.settings import read_settings
from lookalike.shown import shown
from lookalike.terminal import forget_output
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark, results, table
from lookalike_cli.export import Failure, Format, write, write_object
from lookalike_cli.options import Json
from lookalike_cli.report import print_images, show_report, summary, together
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable
from lookalike_producer.report import Report
from lookalike_producer.retry import retries

app = Application(help="List, retry, export and forget rejected images.")

#: Rejected images shown on a terminal; `export` writes them all.
SHOWN = 20

JobId = Annotated[str | None, typer.Argument(metavar="JOB", help="Job id; default: all jobs, newest first.")]


def _reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError:
        close = get_close_matches(text, [reason.value for reason in Reason], n=1)
        advice = f"Did you mean {close[0]}?" if close else "`lookalike failed list` shows the reasons there are."
        raise typer.BadParameter(f"{shown(text)} is no reason. {advice}") from None


OnlyReason = Annotated[
    Reason | None,
    typer.Option(
        "--reason",
        parser=_reason,
        metavar="REASON",
        help="Only images rejected for this reason, such as not_found or host_unavailable.",
    ),
]


@app.command("list")
def list_all(job: JobId = None, reason: OnlyReason = None, json: Json = False) -> None:
    """List rejected images and the reasons."""
    with _ledger() as ledger:
        failures = _failures(ledger, job, reason)
        if json:
            with _piped():
                write_object(failures, sys.stdout.buffer)
        else:
            _show(failures, ledger.job(job) if job and not reason else None)


@app.command()
def retry(job: JobId = None, reason: OnlyReason = None, json: Json = False) -> None:
    """Retry rejected images in a new job, with their labels and metadata.

    Exit with code 1 if every image was rejected again.
    """
    began = time.monotonic()
    settings = read_settings()
    reports: list[Report] = []
    with stoppable(LAST_WORDS), open_stack(settings) as stack, closing(Ledger(stack.broker_url)) as ledger:
        for again in retries(ledger, _jobs(ledger, job), reason, settings):
            report = again.run(lambda request: run_shown(request, stack, began=began))
            show_report(report, settings, for_people(json=json))
            reports.append(report)
        if not reports:
            remark("Nothing to retry.")
        if json:
            summaries = list(map(summary, reports))
            print_json(together(summaries) | {"jobs": [one["job"] for one in summaries]})
    if reports and all(report.is_all_rejected for report in reports):
        raise typer.Exit(ExitCode.FAILURE)


@app.command()
def export(
    job: JobId = None,
    reason: OnlyReason = None,
    form: Annotated[
        Format, typer.Option("--format", help="Form of the file: jsonl is lossless, csv is for spreadsheets.")
    ] = (Format.JSONL),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: stdout.")] = None,
) -> None:
    """Write rejected images as CSV or JSON lines. `lookalike index export` writes indexed ones."""
    with _ledger() as ledger, _opened(output) as file:
        written = write(_failures(ledger, job, reason), form, file)
    remark(f"Exported {counted(written, 'rejected image')}.")


@app.command()
def clear(
    job: JobId = None,
    reason: OnlyReason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    json: Json = False,
) -> None:
    """Forget rejected images; an ingest of their sources tries them again. No file and no document is touched."""
    with _ledger() as ledger:
        if not yes and (count := sum(1 for _ in _failures(ledger, job, reason))):
            typer.confirm(f"Forget {counted(count, 'rejected image')}?", abort=True, err=True)
        forgotten = sum(_forgotten(ledger, one, reason) for one in _jobs(ledger, job))
    remark(f"Forgot {counted(forgotten, 'rejected image')}.")
    if json:
        print_json({"forgotten": forgotten})


def _forgotten(ledger: Ledger, job: Job, reason: Reason | None) -> int:
    """How many of a job's rejected images are forgotten now."""
    uris = [failure.rejected.uri for failure in _each(ledger, [job], reason)]
    ledger.forget(job.place, uris)
    return len(uris)


@contextmanager
def _ledger() -> Iterator[Ledger]:
    with open_stack(read_settings(), with_worker=False) as stack, closing(Ledger(stack.broker_url)) as ledger:
        yield ledger


def _jobs(ledger: Ledger, job_id: str | None) -> list[Job]:
    """The jobs, newest first."""
    # limit=0 means all: Redis reads the end -1 as the last element.
    return ledger.jobs(limit=0) if job_id is None else [ledger.job(job_id)]


def _failures(ledger: Ledger, job_id: str | None, reason: Reason | None) -> Iterator[Failure]:
    # Not in the generator, so that an unknown job raises before anything is written.
    return _each(ledger, _jobs(ledger, job_id), reason)


def _each(ledger: Ledger, jobs: list[Job], reason: Reason | None) -> Iterator[Failure]:
    for job in jobs:
        for rejection in ledger.rejections(job.id):
            if reason in (None, rejection.rejected.reason):
                yield Failure(job.id, rejection)


def _show(failures: Iterator[Failure], job: Job | None) -> None:
    reasons: Counter[str] = Counter()
    rows: list[tuple[str, ...]] = []
    for failure in failures:
        rejected = failure.rejected
        reasons[rejected.reason.value] += 1
        if len(rows) < SHOWN:
            kept = "(its document from before is kept)" if rejected.kept else ""
            rows.append((rejected.reason.value, rejected.uri, rejected.detail, kept, f"job {failure.job}"))
    if not rows:
        moved = f" {job.id} rejected {job.rejected:,}; later jobs have seen them." if job and job.rejected else ""
        remark(f"No rejected images.{moved}")
        return
    print_images(rows)
    if reasons.total() > SHOWN:
        results.say()
        results.print(table("reason", "images", rows=reasons.most_common()))
        remark(f"... and {reasons.total() - SHOWN:,} more; `lookalike failed export` writes them all.")


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """The file to write to. Raises PermanentError if it cannot be written."""
    if output is None:
        with _piped():
            yield sys.stdout.buffer
        return
    with ExitStack() as closing:
        try:
            yield closing.enter_context(output.open("wb"))
            closing.close()
        except OSError as error:
            raise PermanentError(f"Cannot write {output}: {error.strerror}.", "Name another file.") from error


@contextmanager
def _piped() -> Iterator[None]:
    """Exit quietly if the reader closes the pipe early, as `head` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        forget_output()
        raise typer.Exit(ExitCode.CUT_OFF) from None

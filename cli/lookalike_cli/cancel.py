"""`lookalike cancel`: stops a job, and keeps what it has indexed."""

from contextlib import closing
from typing import Annotated

import typer

from lookalike.embedded import open_stack
from lookalike.ledger import Job, JobState, Ledger
from lookalike.settings import read_settings
from lookalike.terminal import Output
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark
from lookalike_cli.options import Json
from lookalike_cli.running import quiet_logs
from lookalike_cli.status import plain
from lookalike_producer.cancel import cancel as cancel_job

app = Application()


@app.command()
def cancel(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Job id; `lookalike status` lists them.")],
    json: Json = False,
) -> None:
    """Stop a job: no more of its images are worked on, and indexed ones stay."""
    settings = read_settings()
    quiet_logs(settings)
    with open_stack(settings, with_worker=False) as stack, closing(Ledger(stack.broker_url)) as ledger:
        cancelled = cancel_job(ledger, job, settings)
    _show(cancelled, for_people(json=json))
    if json:
        print_json(plain(cancelled))


def _show(job: Job, output: Output) -> None:
    if job.state is JobState.CANCELLING:
        remark(
            f"Job {job.id} ends when the workers have done the images in their hands; see `lookalike status {job.id}`."
        )
        return
    output.say(
        f"Job {job.id} is cancelled: {job.found:,} found = {job.indexed:,} indexed + {job.unchanged:,} unchanged"
        f" + {job.rejected:,} rejected + {job.not_done:,} not done."
    )

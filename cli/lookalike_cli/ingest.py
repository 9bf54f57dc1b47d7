"""`lookalike ingest`: everything a source holds ends in the index or on the list of rejected images."""

import time
from typing import Annotated

import typer
from lookalike_producer.jobs import JobRequest
from lookalike_producer.sources import STDIN, find_images

from lookalike import factories
from lookalike.embedded import open_stack
from lookalike.errors import BadSetting
from lookalike.ledger import Ledger
from lookalike.settings import read_settings
from lookalike_cli.console import print_json, remark
from lookalike_cli.options import IndexName, Json, LabelFrom, ModelName, Preprocessing, Sources, Weights
from lookalike_cli.report import summary, tell
from lookalike_cli.running import LAST_WORDS, run_shown
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def ingest(
    sources: Sources,
    label_from: LabelFrom = "parent",
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the workers.")] = False,
    json: Json = False,
) -> None:
    """Index the images of folders, globs and lists; what is there already and unchanged costs a look-up."""
    began = time.monotonic()
    settings = read_settings(index=index, model=model, weights=weights, preprocessing=preprocessing)
    spec = factories.model_spec(settings)
    find_images(sources, label_from)
    order = JobRequest(
        settings,
        spec,
        source="\n".join(sources),
        references=lambda: find_images(sources, label_from),
        count=lambda: _count(sources),
    )
    with stoppable(LAST_WORDS), open_stack(settings) as stack:
        if detach and stack.is_owner:
            advice = "Start `lookalike up` first, or set LOOKALIKE_BROKER_URL."
            raise BadSetting("--detach needs a broker that goes on running.", advice)
        job = run_shown(order, stack, detach=detach)
        seconds = time.monotonic() - began
        if detach:
            remark(f"Job {job.id} has {job.found:,} images; see `lookalike status {job.id}`.")
        else:
            tell(job, Ledger(stack.broker_url), seconds)
        if json:
            print_json(summary(job, seconds))


def _count(sources: list[str]) -> int | None:
    """How many images there are, found beside the work; standard input can be read only once, and not here."""
    return None if STDIN in sources else sum(1 for _ in find_images(sources))

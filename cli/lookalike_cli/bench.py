"""`lookalike bench`: measures the ingest rate of this machine, its upper bound, and what to change."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lookalike.settings import read_settings
from lookalike.terminal import Output
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark, table
from lookalike_cli.options import SOURCE_HELP, Json, ModelName, Preprocessing, Weights
from lookalike_cli.speed.advice import diagnose
from lookalike_cli.speed.measurement import Measurement, measure
from lookalike_cli.speed.sample import draw
from lookalike_cli.speed.sentences import COLUMNS, doubts, plain, rows, sentences
from lookalike_cli.stopping import stoppable
from lookalike_evaluation.page import check_writable, write
from lookalike_producer.sources import find_images

app = Application()

OptionalSources = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)]
LAST_WORDS = "Interrupted. The temporary index is removed."


@app.command()
def bench(
    sources: OptionalSources = None,
    images: Annotated[list[str] | None, typer.Option(metavar="SOURCE", help="Same as SOURCE.")] = None,
    count: Annotated[
        int, typer.Option("--count", "--pictures", min=1, max=1_000_000, help="Number of images to measure with.")
    ] = 512,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Number of repetitions.")] = 3,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Price of this machine per hour, in any currency.", show_default=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page with a plot.")] = None,
    json: Json = False,
) -> None:
    """Measure the ingest rate in a temporary index and find the bottleneck.

    Measures each stage alone in one process, and the whole pipeline with the configured number of processes.
    """
    chosen = [*(sources or []), *(images or [])]
    if not chosen:
        raise typer.BadParameter("give at least one SOURCE")
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    if report is not None:
        check_writable(report)
    with stoppable(LAST_WORDS):
        measured = measure(settings, draw(find_images(chosen), count), repeats=repeats, on_note=remark)
    diagnosis = diagnose(measured.stages, measured.whole, measured.facts)
    lines = sentences(measured, diagnosis, price)
    _show(measured, lines, for_people(json=json))
    if report is not None:
        _report(report, measured, lines)
    if json:
        facts = {"sources": chosen, "index": settings.index_address, "repeats": repeats}
        print_json(facts | plain(measured, diagnosis, price))


def _show(measured: Measurement, lines: Sequence[str], output: Output) -> None:
    output.print(table(*COLUMNS, rows=rows(measured.stages)))
    for sentence in lines:
        output.say(sentence)
    for doubt in doubts(measured):
        remark(doubt)


def _report(path: Path, measured: Measurement, lines: Sequence[str]) -> None:
    # Import matplotlib only for a report: it takes a second.
    from lookalike_cli.speed.report import render

    write(path, render(measured, [*lines, *doubts(measured)]))
    remark(f"Wrote the report to {path}.")

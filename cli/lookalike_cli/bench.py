"""`lookalike bench`: how fast pictures are ingested here, how fast the cores would allow, and what to change."""

from pathlib import Path
from typing import Annotated

import typer
from lookalike_evaluation.page import check_writable, write
from lookalike_producer.sources import find_images

from lookalike.settings import read_settings
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.options import Json, ModelName, Preprocessing, Sources, Weights
from lookalike_cli.speed.advice import judge
from lookalike_cli.speed.measurement import measure
from lookalike_cli.speed.sample import draw
from lookalike_cli.speed.sentences import COLUMNS, doubts, plain, rows, sentences
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

LAST_WORDS = "Interrupted. Nothing is left behind."


@app.command()
def bench(
    sources: Sources,
    pictures: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many pictures are measured.")] = 512,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often all is measured.")] = 3,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="What this machine costs an hour, in any currency.", show_default=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with a plot.")] = None,
    json: Json = False,
) -> None:
    """Measure how fast pictures are ingested, in a temporary index that is gone afterwards, and what holds it back.

    Each stage by itself in one process, and the whole with the configured processes, which have started before.
    """
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    if report is not None:
        check_writable(report)
    with stoppable(LAST_WORDS):
        measured = measure(settings, draw(find_images(sources), pictures), repeats=repeats, tell=remark)
    verdict = judge(measured.stages, measured.whole, measured.facts)
    said = sentences(measured, verdict, price)
    results.print(table(*COLUMNS, rows=rows(measured.stages)))
    for sentence in said:
        results.print(sentence, markup=False)
    for doubt in doubts(measured):
        remark(doubt)
    if report is not None:
        # matplotlib takes a second to load, which only a report needs.
        from lookalike_cli.speed.report import render

        write(report, render(measured, [*said, *doubts(measured)]))
        remark(f"The report is in {report}.")
    if json:
        facts = {"sources": sources, "index": settings.index_address, "repeats": repeats}
        print_json(facts | plain(measured, verdict, price))

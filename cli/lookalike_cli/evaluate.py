"""`lookalike evaluate`: measures search quality on images whose classes are known."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lookalike import factories
from lookalike.extras import check_installed
from lookalike.image_index.evaluating import Evaluation, evaluate_folder
from lookalike.records import MOST_MATCHES
from lookalike.settings import Settings, read_settings
from lookalike_cli.application import Application
from lookalike_cli.console import for_people, print_json, remark
from lookalike_cli.evaluate_output import plain, show
from lookalike_cli.options import Json, ModelName, Preprocessing, Weights
from lookalike_cli.progress_bar import progress_bar
from lookalike_cli.stopping import stoppable
from lookalike_evaluation.page import check_writable, write
from lookalike_evaluation.split import split
from lookalike_evaluation.sweep import SweepRow, sweep
from lookalike_evaluation.temporary import is_embedded

app = Application()

LAST_WORDS = "Interrupted. The temporary index is removed."
#: Side of a thumbnail in the report, in pixels.
THUMBNAIL_SIZE = 84


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="LABELLED_FOLDER", help="A folder with one sub-folder per class.")],
    queries: Annotated[float, typer.Option(min=0.01, max=0.99, help="Share of each class used as queries.")] = 0.2,
    k: Annotated[int, typer.Option("-k", min=1, max=MOST_MATCHES, help="Number of results that count.")] = 10,
    size: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_MATCHES, help="Number of results that a search asks for; at least k.", show_default="k"
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Number of random splits. Their seeds are 0, 1 and so on.")
    ] = 5,
    seed: Annotated[int | None, typer.Option(min=0, help="Use one split with this seed instead.")] = None,
    models: Annotated[
        str | None,
        typer.Option(help="Models to compare, separated by commas. NAME+lda and NAME+pca fit a head on each split."),
    ] = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    index_sweep: Annotated[bool, typer.Option("--index-sweep", help="Also measure a grid of HNSW settings.")] = False,
    engines: Annotated[
        str | None,
        typer.Option(help="Engines of the sweep, separated by commas: lucene,faiss.", show_default="configured"),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page with plots and images.")] = None,
    json: Json = False,
) -> None:
    """Measure search quality on a labelled folder, in a temporary index."""
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    size = size or k
    if size < k:
        raise typer.BadParameter("--size must be at least -k")
    if report is not None:
        check_writable(report)
        check_installed("matplotlib", needed_by="lookalike evaluate --report", extra="evaluate")
    with stoppable(LAST_WORDS):
        done = evaluate_folder(
            settings,
            folder,
            _names(models),
            queries=queries,
            k=k,
            size=size,
            seeds=range(seeds) if seed is None else [seed],
            progress=progress_bar,
        )
        rows = list(_sweep(settings, done, queries, _names(engines))) if index_sweep else []
        if report is not None:
            _report(report, settings, done, rows)
    for sentence in done.remarks:
        remark(sentence)
    show(done.summaries, rows, for_people(json=json))
    if json:
        facts = {"folder": str(folder), "index": settings.index_address, "rejected": done.rejected, "size": size}
        print_json(plain(facts, done.summaries, done.remarks, rows))


def _names(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def _sweep(settings: Settings, done: Evaluation, share: float, engines: Sequence[str]) -> Iterator[SweepRow]:
    """Measure each setting on the first split."""
    candidate, summary = done.candidates[0], done.summaries[0]
    location, options = settings.index_location, factories.index_options(settings)
    if is_embedded(location):
        remark("The embedded index has no HNSW settings to sweep. Its only row says how it is searched.")
    one = split(candidate.labels, share, summary.trials[0].seed)
    yield from sweep(
        candidate, one, location=location, options=options, engines=engines or [options.engine], k=summary.k
    )


def _report(path: Path, settings: Settings, done: Evaluation, rows: Sequence[SweepRow]) -> None:
    # Import matplotlib only for a report: it takes a second.
    from lookalike_evaluation.report import render
    from lookalike_evaluation.thumbnails import thumbnails

    read = factories.reader(settings).read
    thumbnail = thumbnails(read, partial(factories.decode, settings, size=THUMBNAIL_SIZE))
    name = done.collection.folder.absolute().name
    write(path, render(name, done.summaries, notes=done.remarks, settings=rows, thumbnail=thumbnail))
    remark(f"Wrote the report to {path}.")

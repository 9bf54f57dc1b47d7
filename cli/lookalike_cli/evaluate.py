"""`lookalike evaluate`: how good the answers are on pictures whose classes are known."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from lookalike_evaluation.collection import Collection, check_classes, collect, notes
from lookalike_evaluation.contender import Contender, in_common
from lookalike_evaluation.embed_models import Entry, embedded, entries, warnings
from lookalike_evaluation.page import check_writable, write
from lookalike_evaluation.protocol import evaluate as run
from lookalike_evaluation.split import split
from lookalike_evaluation.summary import Summary
from lookalike_evaluation.sweep import Setting, sweep
from lookalike_evaluation.temporary import is_exact, temporary_index
from lookalike_producer.sources import find_images

from lookalike import factories
from lookalike.settings import Settings, read_settings
from lookalike_cli.advance import advancing
from lookalike_cli.console import print_json, remark
from lookalike_cli.evaluate_output import plain, tell
from lookalike_cli.options import Json, ModelName, Preprocessing, Weights
from lookalike_cli.stopping import stoppable

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

LAST_WORDS = "Interrupted. Nothing is left behind."
#: Side of the pictures in a report, in pixels.
THUMBNAIL_SIZE = 84


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="LABELLED_FOLDER", help="A folder with a sub-folder per class.")],
    queries: Annotated[float, typer.Option(min=0.01, max=0.99, help="Share of each class that is asked for.")] = 0.2,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many results count.")] = 10,
    size: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Results asked for, k or more.", show_default="k")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many splits, seeded 0, 1, ...")] = 5,
    seed: Annotated[int | None, typer.Option(min=0, help="One split with this seed instead.")] = None,
    models: Annotated[
        str | None,
        typer.Option(help="Models side by side, a,b,c; NAME+lda or NAME+pca is fitted on each split's stored part."),
    ] = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    index_sweep: Annotated[bool, typer.Option("--index-sweep", help="Also try HNSW settings.")] = False,
    engines: Annotated[
        str | None, typer.Option(help="Engines of the sweep, a,b; a node may lack faiss.", show_default="configured")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots and pictures.")] = None,
    json: Json = False,
) -> None:
    """Measure how good the answers are on a labelled folder, in a temporary index that is gone afterwards."""
    settings = read_settings(model=model, weights=weights, preprocessing=preprocessing)
    size = size or k
    if size < k:
        raise typer.BadParameter("--size is smaller than -k")
    if report is not None:
        check_writable(report)
    chosen = _named(models) or [settings.model]
    with stoppable(LAST_WORDS):
        wanted = entries(settings, chosen)
        collection = collect(folder, find_images([str(folder)]))
        # An index that is away should say so before minutes of embedding.
        factories.list_indexes(settings)
        contenders, rejected = _embedded(settings, wanted, collection)
        remarked = warnings(wanted) + notes(collection, contenders[0].documents, rejected=rejected, k=k, share=queries)
        summaries = run(
            contenders,
            seeds=range(seeds) if seed is None else [seed],
            share=queries,
            k=k,
            size=size,
            open_index=partial(temporary_index, settings.index_location, factories.index_options(settings)),
        )
        rows = list(_swept(settings, contenders[0], summaries[0], queries, _named(engines))) if index_sweep else []
        if report is not None:
            _report(report, settings, collection, summaries, remarked, rows)
    for sentence in remarked:
        remark(sentence)
    tell(summaries, rows)
    if json:
        facts = {"folder": str(folder), "index": settings.index_address, "rejected": rejected, "size": size}
        print_json(plain(facts, summaries, remarked, rows))


def _named(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def _embedded(settings: Settings, wanted: Sequence[Entry], collection: Collection) -> tuple[list[Contender], int]:
    """One contender an entry, with the pictures in common; entries that share a spec share its embedding."""
    by_fingerprint: dict[str, Contender] = {}
    lost: set[str] = set()
    different = {entry.spec.fingerprint: entry.spec for entry in wanted}
    with advancing("embed", len(collection.references) * len(different)) as advance:
        for fingerprint, spec in different.items():
            by_fingerprint[fingerprint], rejected = embedded(settings, spec, collection.references, advance)
            lost.update(one.uri for one in rejected)
    contenders = [
        replace(by_fingerprint[entry.spec.fingerprint], name=entry.name, fit_on=entry.fit_on) for entry in wanted
    ]
    shared = in_common(contenders)
    check_classes(collection.folder, shared[0].labels)
    return shared, len(lost)


def _swept(
    settings: Settings, contender: Contender, summary: Summary, share: float, engines: Sequence[str]
) -> Iterator[Setting]:
    """Each setting on the first split."""
    location, options = settings.index_location, factories.index_options(settings)
    if is_exact(location):
        remark("The embedded index compares with every picture: it has no HNSW settings to sweep.")
    one = split(contender.labels, share, summary.trials[0].seed)
    yield from sweep(
        contender, one, location=location, options=options, engines=engines or [options.engine], k=summary.k
    )


def _report(
    path: Path,
    settings: Settings,
    collection: Collection,
    summaries: Sequence[Summary],
    remarked: Sequence[str],
    rows: Sequence[Setting],
) -> None:
    # matplotlib takes a second to load, which only a report needs.
    from lookalike_evaluation.report import render
    from lookalike_evaluation.thumbnails import thumbnails

    read = factories.storage(settings).read
    thumbnail = thumbnails(read, partial(factories.decode, settings, size=THUMBNAIL_SIZE))
    name = collection.folder.absolute().name
    write(path, render(name, summaries, notes=remarked, settings=rows, thumbnail=thumbnail))
    remark(f"The report is in {path}.")

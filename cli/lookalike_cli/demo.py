"""`lookalike demo`: draws sample images, ingests them and searches with three new ones, and in words."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import typer

import lookalike
from lookalike import Text, factories
from lookalike.disk import check_folder
from lookalike.embedded.stack import HOME_ADVICE
from lookalike.embedding import resolve
from lookalike.embedding.specs.applications import DEMO_PAIR
from lookalike.errors import IndexMissing
from lookalike.extras import is_installed
from lookalike.plural import counted
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from lookalike.shown import as_argument
from lookalike_api.wiring import open_searcher
from lookalike_cli.application import Application
from lookalike_cli.console import remark, results
from lookalike_cli.ingest import ingest
from lookalike_cli.search import show

app = Application()

INDEX = "demo"
PER_LABEL = 25
#: Queries use another seed than the stored images.
QUERY_SEED = 2026
QUERIES = 3
#: Begins the names of queries: without it, a stored image and a query have the same name.
PREFIX = "query-"
MATCHES = 5
#: No label says this word.
WORDS = "a lemon"
#: Modules of the extra "api", which `lookalike up` needs and the demo does not.
NEEDED_BY_UP = ("fastapi", "uvicorn")


@app.command()
def demo(
    draw: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Only draw the images, into this folder.", show_default=False)
    ] = None,
    per_label: Annotated[int, typer.Option(min=1, help="Images to draw for each label.")] = PER_LABEL,
) -> None:
    """Draw sample images, ingest them and search."""
    home = read_settings().home
    if draw is None:
        check_folder(home, HOME_ADVICE)
    remark("Drawing sample images ...")
    if draw is not None:
        results.say(f"{counted(draw_samples(draw, per_class=per_label), 'image')} in {draw.absolute()}.")
        return
    folder = home / "demo"
    drawn = draw_samples(folder / "pictures", per_class=per_label)
    draw_samples(folder / "queries", per_class=1, seed=QUERY_SEED, prefix=PREFIX)
    remark(f"{counted(drawn, 'image')} in {folder / 'pictures'}; ingesting ...")
    model = _model()
    ingest([str(folder / "pictures")], index=INDEX, model=model)
    for query in sorted((folder / "queries").glob(f"*/{PREFIX}*"))[:: _step(folder)][:QUERIES]:
        _search(query)
    if model is not None:
        _search_in_words()
    _show_next_steps(folder)


def _model() -> str | None:
    """The model with words for what is drawn, or None: something chose another one, or an earlier demo used one."""
    settings = read_settings(index=INDEX)
    if factories.is_model_chosen(settings):
        return None
    with closing(factories.open_index(settings)) as index, suppress(IndexMissing):
        if index.model().fingerprint != resolve(DEMO_PAIR).fingerprint:
            return None
    return DEMO_PAIR


def _step(folder: Path) -> int:
    """The distance between queries: far apart in the alphabet, so that they differ."""
    return max(1, len(list((folder / "queries").iterdir())) // QUERIES)


def _search(query: Path) -> None:
    settings = read_settings(index=INDEX)
    matches = open_searcher(settings).like_image(query.read_bytes(), MATCHES)
    results.say()
    results.say(f"Similar to {query.parent.name}/{query.name}, which is not in the index:", style="bold")
    show(matches)


def _search_in_words() -> None:
    with lookalike.open(INDEX) as images:
        matches = images.search([Text(WORDS)], k=MATCHES)
    results.say()
    results.say(f'Found by the words "{WORDS}":', style="bold")
    show(matches)
    results.say(f"The model {DEMO_PAIR} has words for these drawings only; docs/models.md says how to search others.")


def _show_next_steps(folder: Path) -> None:
    results.say()
    results.say("Try next:", style="bold")
    results.say("  lookalike ingest ~/Pictures            index your own images, labelled by their folders")
    results.say("  lookalike search IMAGE.jpg             find the most similar images")
    if all(map(is_installed, NEEDED_BY_UP)):
        results.say("  lookalike up                           keep broker, worker and query service running")
    results.say(f"  lookalike index delete {INDEX}            remove the demo; then delete {as_argument(str(folder))}")

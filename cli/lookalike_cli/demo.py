"""`lookalike demo`: draws sample pictures, ingests them and searches with three that it has never seen."""

from pathlib import Path

import typer
from lookalike_api.wiring import open_searcher

from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from lookalike_cli.console import remark, results
from lookalike_cli.ingest import ingest
from lookalike_cli.search import show

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

INDEX = "demo"
#: The queries are drawn from another seed than the stored pictures.
QUERY_SEED = 2026
QUERIES = 3
MATCHES = 5


@app.command()
def demo() -> None:
    """Draw sample pictures, ingest them, search, and say what to try next."""
    folder = read_settings().home / "demo"
    remark("Drawing sample pictures ...")
    drawn = draw_samples(folder / "pictures")
    draw_samples(folder / "queries", per_class=1, seed=QUERY_SEED)
    remark(f"{drawn:,} pictures in {folder / 'pictures'}; ingesting ...")
    ingest([str(folder / "pictures")], index=INDEX)
    for query in sorted((folder / "queries").glob("*/*"))[:: _step(folder)][:QUERIES]:
        _search(query)
    _what_next(folder)


def _step(folder: Path) -> int:
    """Queries far apart in the alphabet, so that they are unlike one another."""
    return max(1, len(list((folder / "queries").iterdir())) // QUERIES)


def _search(query: Path) -> None:
    settings = read_settings(index=INDEX)
    matches = open_searcher(settings).like_image(query.read_bytes(), MATCHES)
    results.print(f"\n[bold]Like {query.parent.name}/{query.name}[/bold], which is not stored:")
    show(matches)


def _what_next(folder: Path) -> None:
    results.print("\nTry next:", style="bold")
    results.print("  lookalike ingest ~/Pictures            your own pictures, labelled by their folders")
    results.print("  lookalike search PICTURE.jpg           the stored pictures most like one")
    results.print("  lookalike up                           keep broker, worker and search service running")
    results.print(f"  lookalike index delete {INDEX}            when you have seen enough; then remove {folder}")

"""`lookalike list`: lists the images of an index, without a query."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

import lookalike
from lookalike import ImageIndex
from lookalike.batches import batched
from lookalike.filters import METADATA_PREFIX, TAKEN, Condition
from lookalike.index.places import moment
from lookalike.plural import counted
from lookalike.queries.listing import MAX_SEED, NEWEST
from lookalike.records import Listed
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, remark, results, table
from lookalike_cli.filters import parsed
from lookalike_cli.options import Filters, IndexName

app = Application()

#: Images that the terminal shows; `--json` has all.
SHOWN = 100
#: Images of one table, so that a long list needs little memory.
ROWS = 1000
SORT = "Order of the images: newest, taken, label, random or a metadata field. -FIELD reverses it."
#: Orders without a column of their own.
OTHERS = (NEWEST, "ingested", "random", "label", "name", "uri")


@app.command("list")
def list_images(
    sort: Annotated[str, typer.Option("--sort", metavar="FIELD", help=SORT)] = NEWEST,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help="Number of images.", show_default=f"{SHOWN}; with --json all"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Number of the random order, with --sort random.")] = 0,
    filter: Filters = None,
    index: IndexName = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON lines on stdout: one object for each image.")
    ] = False,
) -> None:
    """List the images of an index: the newest, by label, by a field, or at random."""
    filters = parsed(filter)
    with lookalike.open(index) as images:
        if json:
            for image in images.list(sort, filters=filters, limit=limit, seed=seed):
                print_json(asdict(image))
        else:
            _show(images, sort, filters, limit or SHOWN, seed)


def _show(images: ImageIndex, sort: str, filters: tuple[Condition, ...], limit: int, seed: int) -> None:
    heading, value = _column(sort)
    shown, has_values = 0, False
    for some in batched(images.list(sort, filters=filters, limit=limit, seed=seed), ROWS):
        rows = [(value(image), image.name or "", image.uri) for image in some]
        results.print(table(heading, "label", "image", rows=rows))
        shown += len(rows)
        has_values = has_values or any(text for text, *_ in rows)
    if not shown:
        results.say("No image meets the filters." if filters else "The index is empty.")
        return
    if not has_values:
        # They come last in every order: no other image has one.
        what = "the date when it was taken" if heading == TAKEN else f"a value of {heading}"
        remark(f"No image has {what}, so they are in no particular order.")
    if shown == limit and (total := images.count(filters)) > shown:
        remark(f"{shown:,} of {counted(total, 'image')} shown: --limit shows more.")


def _column(sort: str) -> tuple[str, Callable[[Listed], Any]]:
    """The heading and the values of the column that shows the order."""
    field = sort.removeprefix("-")
    if field == TAKEN:
        return "taken", lambda image: "" if image.taken_at_ms is None else _minute(moment(image.taken_at_ms))
    if field in OTHERS:
        return "added", lambda image: _minute(image.ingested_at)
    key = field.removeprefix(METADATA_PREFIX)
    return key, lambda image: _text(image.metadata.get(key))


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

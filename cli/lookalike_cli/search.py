"""`lookalike search`: finds the stored images most similar to an image."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import lookalike
from lookalike.records import Match
from lookalike.shown import shown
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, results, table
from lookalike_cli.no_matches import why_none
from lookalike_cli.options import Filters, IndexName, Json, ModelName, Neighbours, Preprocessing, Weights

app = Application()


@app.command()
def search(
    image: Annotated[Path | None, typer.Argument(help="An image file.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Id of a stored image, instead of IMAGE.")] = None,
    uri: Annotated[str | None, typer.Option("--uri", help="Path or URL of a stored image, instead of IMAGE.")] = None,
    k: Neighbours = 10,
    filter: Filters = None,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    json: Json = False,
) -> None:
    """Find the stored images most similar to an image."""
    if sum(given is not None for given in (image, id, uri)) != 1:
        raise typer.BadParameter("give one of IMAGE, --id and --uri")
    filters = _parsed(filter or [])
    with lookalike.open(index, model=model, weights=weights, preprocessing=preprocessing) as images:
        matches = images.search(image, id=id, uri=uri, k=k, filters=filters)
        reason = "" if matches else why_none(images, filters, is_stored=image is None)
    if json:
        print_json({"matches": [asdict(match) for match in matches], "took_ms": round(matches.took_ms, 1)})
    elif matches:
        show(matches)
    else:
        results.say(reason)


def show(matches: Sequence[Match]) -> None:
    rows = [(match.score, match.name or "", match.uri) for match in matches]
    results.print(table("score", "label", "image", rows=rows))


def _parsed(filters: list[str]) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for item in filters:
        if not _is_filter(item):
            raise typer.BadParameter(f"{shown(item)} is not FIELD=VALUE with a FIELD of label, uri or metadata.KEY")
        field, _, value = item.partition("=")
        if parsed.setdefault(field, value) != value:
            raise typer.BadParameter(f"--filter {shown(field)} is given twice: no image has two values. Give one.")
    return parsed


def _is_filter(item: str) -> bool:
    field, equals, _ = item.partition("=")
    is_field = field in ("label", "name", "uri") or (field.startswith("metadata.") and len(field) > len("metadata."))
    return bool(equals) and is_field

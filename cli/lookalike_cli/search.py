"""`lookalike search`: finds the stored images most similar to an image."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

import lookalike
from lookalike.records import Match
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, results, table
from lookalike_cli.filters import parsed
from lookalike_cli.no_matches import why_none
from lookalike_cli.options import Exact, Filters, IndexName, Json, ModelName, Neighbours, Preprocessing, Weights

app = Application()


@app.command()
def search(
    # Not a Path, which would make s3:/bucket of s3://bucket in the message.
    image: Annotated[str | None, typer.Argument(help="An image file of this machine.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Id of a stored image, instead of IMAGE.")] = None,
    uri: Annotated[str | None, typer.Option("--uri", help="Path or address of one, instead of IMAGE.")] = None,
    k: Neighbours = 10,
    filter: Filters = None,
    exact: Exact = False,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    json: Json = False,
) -> None:
    """Find the stored images most similar to an image."""
    if sum(given is not None for given in (image, id, uri)) != 1:
        raise typer.BadParameter("give one of IMAGE, --id and --uri")
    filters = parsed(filter)
    with lookalike.open(index, model=model, weights=weights, preprocessing=preprocessing) as images:
        matches = images.search(image, id=id, uri=uri, k=k, filters=filters, exact=exact)
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

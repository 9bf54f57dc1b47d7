"""`lookalike search`: finds the stored images most similar to an image."""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

import lookalike
from lookalike import Image, Matches, Stored, Text
from lookalike.image_index.examples import Example
from lookalike.records import Match
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, results, table
from lookalike_cli.filters import parsed
from lookalike_cli.no_matches import why_none
from lookalike_cli.options import (
    Exact,
    Filters,
    IndexName,
    Json,
    ModelName,
    Neighbours,
    Preprocessing,
    TextModel,
    Tokenizer,
    Weights,
)
from lookalike_cli.viewing import find_viewer, view

app = Application()

ALSO = "A further image that matches resemble: a file, or the id of a stored image. 2:FILE counts twice. Repeatable."
WITHOUT = "An image that matches do not resemble, given as for --and. Repeatable."
TEXT = "What matches show, in words, for a model with a text side. IMAGE is not needed then. Repeatable."
NOT_TEXT = "What matches do not show, in words. Repeatable."
CROP = "Only this part of the image, in pixels, or in percent after pct: as in pct:10,10,50,50."
MIN_SCORE = "Leave out matches with a lower score."
SORT = "Order of the matches: score, taken, ingested, label or a metadata field. -FIELD reverses it."
GROUP_BY = "Only the best match for each value of a field: label or a metadata field."
OPEN = "Open the matches in the file manager: a folder of links to them, the best match first."
DIVERSITY = "How much the matches differ from one another."
#: An id of a stored image, and a weight before one.
ID = re.compile("[0-9a-f]{40}")
WEIGHT = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


@app.command()
def search(
    # Not a Path, which would make s3:/bucket of s3://bucket in the message.
    image: Annotated[str | None, typer.Argument(metavar="IMAGE", help="An image file on this machine.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Id of a stored image, instead of IMAGE.")] = None,
    uri: Annotated[
        str | None, typer.Option("--uri", help="Path or address of a stored image, instead of IMAGE.")
    ] = None,
    also: Annotated[list[str] | None, typer.Option("--and", metavar="IMAGE", help=ALSO)] = None,
    without: Annotated[list[str] | None, typer.Option("--not", metavar="IMAGE", help=WITHOUT)] = None,
    text: Annotated[list[str] | None, typer.Option("--text", metavar="TEXT", help=TEXT)] = None,
    not_text: Annotated[list[str] | None, typer.Option("--not-text", metavar="TEXT", help=NOT_TEXT)] = None,
    crop: Annotated[str | None, typer.Option("--crop", metavar="X,Y,WIDTH,HEIGHT", help=CROP)] = None,
    k: Neighbours = 10,
    filter: Filters = None,
    min_score: Annotated[float, typer.Option("--min-score", min=-1, max=1, help=MIN_SCORE)] = -1.0,
    sort: Annotated[str, typer.Option("--sort", metavar="FIELD", help=SORT)] = "score",
    group_by: Annotated[str | None, typer.Option("--group-by", metavar="FIELD", help=GROUP_BY)] = None,
    diversity: Annotated[float, typer.Option("--diversity", min=0, max=1, help=DIVERSITY)] = 0.0,
    exact: Exact = False,
    index: IndexName = None,
    model: ModelName = None,
    weights: Weights = None,
    preprocessing: Preprocessing = None,
    text_model: TextModel = None,
    tokenizer: Tokenizer = None,
    json: Json = False,
    opened: Annotated[bool, typer.Option("--open", help=OPEN)] = False,
) -> None:
    """Find the stored images most similar to an image, or to what a text says."""
    filters = parsed(filter)
    examples = first_of(image, id, uri, crop, is_needed=not text)
    examples += [example_of(place) for place in also or ()] + [Text(words) for words in text or ()]
    examples += [-example_of(place) for place in without or ()] + [-Text(words) for words in not_text or ()]
    viewer = find_viewer() if opened else None
    with lookalike.open(
        index,
        model=model,
        weights=weights,
        preprocessing=preprocessing,
        text_model=text_model,
        tokenizer=tokenizer,
    ) as images:
        matches = images.search(
            examples,
            k=k,
            filters=filters,
            min_score=min_score,
            sort=sort,
            group_by=group_by,
            diversity=diversity,
            exact=exact,
        )
        reason = "" if matches else why_none(images, filters, is_stored=id is not None or uri is not None)
        home = images.settings.home
    if json:
        print_json(described(matches))
    elif matches:
        show(matches)
    else:
        results.say(reason)
    if viewer is not None:
        view(matches, home, viewer)


def described(matches: Matches) -> dict[str, Any]:
    """Everything that the answer says."""
    return {
        "matches": [asdict(match) for match in matches],
        "took_ms": round(matches.took_ms, 1),
        "model": matches.model,
        "candidates": matches.candidates,
        "stages_ms": {stage: round(took, 3) for stage, took in matches.stages_ms.items()},
    }


def first_of(image: str | None, id: str | None, uri: str | None, crop: str | None, *, is_needed: bool) -> list[Example]:
    """The example that the search is named after, if there is one."""
    given = sum(place is not None for place in (image, id, uri))
    if given > 1 or (is_needed and not given):
        raise typer.BadParameter("give one of IMAGE, --id and --uri, or --text")
    if given:
        return [Image(image, region=crop) if image is not None else Stored(id, uri=uri, region=crop)]
    if crop is not None:
        raise typer.BadParameter("--crop is a part of IMAGE, and there is none")
    return []


def example_of(text: str) -> Example:
    """A stored image by its id, or a file. `2:` before it is its weight, unless a file is called so."""
    number, colon, name = text.partition(":")
    if not colon or not WEIGHT.fullmatch(number) or os.path.lexists(text):
        number, name = "1", text
    weight = float(number)
    return Stored(name, weight=weight) if ID.fullmatch(name) else Image(name, weight=weight)


def show(matches: Sequence[Match]) -> None:
    rows = [(match.score, match.name or "", match.uri) for match in matches]
    results.print(table("score", "label", "image", rows=rows))

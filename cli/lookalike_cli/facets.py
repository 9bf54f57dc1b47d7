"""`lookalike facets`: counts the images of an index by label and by metadata."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

import lookalike
from lookalike.filters import Scalar
from lookalike.plural import counted
from lookalike.records import Facet, Facets
from lookalike.records.facets import FEWEST_RANGES, MOST_RANGES, MOST_VALUES, RANGES, VALUES
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, results, table
from lookalike_cli.filters import parsed
from lookalike_cli.options import Filters, IndexName, Json

app = Application()

FIELD = "A field to count: label, taken or a metadata field.  [default: all]"


@app.command()
def facets(
    field: Annotated[list[str] | None, typer.Argument(metavar="FIELD", help=FIELD, show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_VALUES, help="Largest number of values of a field.")] = VALUES,
    ranges: Annotated[
        int, typer.Option(min=FEWEST_RANGES, max=MOST_RANGES, help="Largest number of ranges of a field.")
    ] = RANGES,
    filter: Filters = None,
    index: IndexName = None,
    json: Json = False,
) -> None:
    """Count the images of an index by label and by metadata."""
    filters = parsed(filter)
    with lookalike.open(index) as images:
        found = images.facets(*(field or ()), limit=limit, ranges=ranges, filters=filters)
    if json:
        print_json({"index": images.name, "images": found.total, "facets": [asdict(facet) for facet in found.facets]})
    else:
        _show(found, is_filtered=bool(filters))


def _show(found: Facets, *, is_filtered: bool) -> None:
    results.say(f"{counted(found.total, 'image')}{' that meet the filters' if is_filtered else ''}.")
    for facet in found.facets:
        results.say()
        results.print(table(facet.field, "images", rows=_rows(facet)))


def _rows(facet: Facet) -> list[tuple[Any, ...]]:
    """Its ranges, or its values where it has none or where they say more; how many there are, of a text."""
    values = [(shown(item.value), item.documents) for item in facet.values]
    ranges = [(f"from {shown(item.min)}", item.documents) for item in facet.ranges]
    every = sum(item.documents for item in facet.values) >= facet.documents
    return (values if every and values else ranges or values) or [("any", facet.documents)]


def shown(value: Scalar) -> str:
    """A value as a filter takes it: a date without its time where it begins a day."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix("T00:00:00.000Z")

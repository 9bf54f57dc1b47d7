"""The stored images without a query, page by page."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from lookalike.filters import Condition
from lookalike.http_filters import MAX_LENGTH
from lookalike.http_schemas import ImageList
from lookalike.index import Index
from lookalike.queries.cursor import MAX_LENGTH as MAX_CURSOR
from lookalike.queries.listing import MAX_SEED, MOST_LISTED, NEWEST, Listing, parse_listing_order
from lookalike_api.openapi import problems
from lookalike_api.routes.params import FILTERING, FilterParams
from lookalike_api.state import State

router = APIRouter(tags=["images"])

Sort = Annotated[
    str,
    Parameter(
        max_length=MAX_LENGTH,
        description="Order of the images: newest, taken, label, random or a metadata field. A minus reverses it.",
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=MOST_LISTED, description="How many images.")]
Seed = Annotated[int, Parameter(ge=0, le=MAX_SEED, description="Number of the random order, with `sort=random`.")]
Cursor = Annotated[
    str | None, Parameter(max_length=MAX_CURSOR, description="`next` of the page before; none for the first page.")
]
Conditions = Annotated[tuple[Condition, ...], Depends(FilterParams("sort", "limit", "seed", "cursor"))]


@router.get(
    "/images",
    summary="The stored images, page by page",
    responses=problems(400, 503),
    description="The images that meet the filters, in an order of their own: the newest or the latest taken first, by "
    "label, by a metadata field, or at random. Images that are added or deleted meanwhile neither repeat nor hide "
    f"another one, and a late page costs no more than the first. {FILTERING}",
)
async def images(
    state: State,
    conditions: Conditions,
    sort: Sort = NEWEST,
    limit: Limit = 100,
    seed: Seed = 0,
    cursor: Cursor = None,
) -> ImageList:
    listing = Listing(parse_listing_order(sort), conditions, limit, seed)
    return await state.executors.index.run(partial(_page, state.index, listing, cursor))


def _page(index: Index, listing: Listing, cursor: str | None) -> ImageList:
    """Raises BadQuery, BadFilter."""
    version = index.version()
    wanted = listing if cursor is None else listing.continued(cursor, version)
    # One more, which tells whether there is a next page.
    rows = index.listed(replace(wanted, limit=listing.limit + 1))
    page = rows[: listing.limit]
    following = listing.cursor(page[-1].position, version) if len(rows) > len(page) else None
    return ImageList(tuple(row.image for row in page), following, index.count(listing.filters))

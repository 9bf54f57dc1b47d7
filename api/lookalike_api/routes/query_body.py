"""The JSON that describes a search by several examples."""

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.exceptions import HTTPException

from lookalike.errors import NotIndexed
from lookalike.filters import conditions, stored_field
from lookalike.http_filters import MAX_CONDITIONS, MAX_LENGTH
from lookalike.metadata import MAX_FIELDS
from lookalike.queries.cursor import MAX_LENGTH as MAX_CURSOR
from lookalike.queries.examples import Example, Stored, Text, Upload
from lookalike.queries.order import SCORE, parse_order
from lookalike.queries.pages import Paging
from lookalike.queries.region import parse_region
from lookalike.queries.text import checked_text
from lookalike.queries.weights import MAX_EXAMPLES, check_weights
from lookalike.records import MOST_MATCHES, document_id
from lookalike_api.images import ID
from lookalike_api.json_bodies import parsed
from lookalike_api.routes.params import MAX_OFFSET
from lookalike_api.search import Query

MAX_URI_LENGTH = 8192


def _no_truth_value(value: object) -> object:
    """Pydantic takes true for 1."""
    if isinstance(value, bool):
        raise ValueError("it is true or false, not a number")
    return value


_WHICH = ("id", "uri", "image", "data", "text")


class ExampleBody(BaseModel):
    """One example: exactly one of `id`, `uri`, `image`, `data` and `text`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    id: str | None = Field(None, max_length=100)
    """Id of a stored image."""
    uri: str | None = Field(None, max_length=MAX_URI_LENGTH)
    """Uri of a stored image."""
    image: int | None = Field(None, ge=0, lt=MAX_EXAMPLES)
    """Number of a part `image` of the form, from 0."""
    data: str | None = None
    """The file of an image in base64 (RFC 4648, section 4)."""
    text: str | None = None
    """What the images show, in words; at most 2,000 characters. Only if the model has a text side (see `/info`)."""
    weight: float = Field(1.0, allow_inf_nan=False)
    """Negative for what is not wanted."""
    region: str | None = Field(None, max_length=100)
    """Only this part of the image: "x,y,width,height" in pixels, or "pct:x,y,width,height" in percent."""

    _are_numbers = field_validator("image", "weight", mode="before")(_no_truth_value)


class QueryBody(BaseModel):
    """A search by several examples."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    examples: list[ExampleBody] = Field(min_length=1, max_length=MAX_EXAMPLES)
    """What matches are like, and what they are not like."""
    k: int = Field(10, ge=1, le=MOST_MATCHES)
    """How many matches."""
    offset: int = Field(0, ge=0, le=MAX_OFFSET)
    """How many of the best matches to skip."""
    min_score: float = Field(-1.0, ge=-1, le=1, allow_inf_nan=False)
    """Leave out matches with a lower score."""
    exact: bool = False
    """Compare all vectors, however many there are."""
    sort: str = Field(SCORE, max_length=MAX_LENGTH)
    """Order of the matches: score, taken, ingested, label or a metadata field. A minus reverses it."""
    group_by: str | None = Field(None, max_length=MAX_LENGTH)
    """Only the best match for each value of label or a metadata field."""
    diversity: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)
    """How much the matches differ from one another: 0 as the search finds them."""
    cursor: str | None = Field(None, max_length=MAX_CURSOR)
    """`*` for the first page; then the cursor of the page before."""
    facets: list[Annotated[str, Field(max_length=MAX_LENGTH)]] | None = Field(None, max_length=MAX_FIELDS)
    """Count the values of these fields among all images that meet the filters."""
    filters: list[Annotated[str, Field(max_length=MAX_LENGTH)]] = Field([], max_length=MAX_CONDITIONS)
    """Conditions such as "label=cat" or "year>=2020"; all must hold."""

    _are_numbers = field_validator("k", "offset", "min_score", "diversity", mode="before")(_no_truth_value)

    def query(self) -> Query:
        """Raises BadFilter, BadQuery."""
        group_by = None if self.group_by is None else stored_field(self.group_by)
        paging = Paging(self.k, self.offset, self.min_score, order=parse_order(self.sort), group_by=group_by)
        facets = None if self.facets is None else tuple(self.facets)
        return Query(paging, conditions(self.filters), self.exact, self.cursor, self.diversity, facets)


def parse_body(data: bytes) -> QueryBody:
    """Raises what `parsed` raises."""
    return parsed(QueryBody, data, "query")


def examples_of(body: QueryBody, images: Sequence[bytes], index: str) -> list[Example]:
    """The examples, with the `images` that were sent beside the body. Raises BadQuery, NotIndexed for an id that
    cannot be one, HTTPException 400."""
    check_weights([example.weight for example in body.examples])
    return [_example(example, number, images, index) for number, example in enumerate(body.examples)]


def _example(given: ExampleBody, number: int, images: Sequence[bytes], index: str) -> Example:
    if sum(getattr(given, name) is not None for name in _WHICH) != 1:
        raise HTTPException(400, f"Example {number} has not exactly one of {', '.join(_WHICH)}.")
    if given.text is not None:
        if given.region is not None:
            raise HTTPException(400, f"Example {number} is a text, which has no region.")
        return Text(checked_text(given.text), given.weight)
    common: dict[str, Any] = {
        "weight": given.weight,
        "region": None if given.region is None else parse_region(given.region),
    }
    if given.image is not None:
        if given.image >= len(images):
            raise HTTPException(400, f"Example {number} is image {given.image}, but the form has {len(images)}.")
        return Upload(images[given.image], **common)
    if given.data is not None:
        return Upload(_decoded(given.data, number), **common)
    id = given.id if given.id is not None else document_id(given.uri or "")
    if not ID.fullmatch(id):
        raise NotIndexed(id, index)
    return Stored(id, **common)


def _decoded(text: str, number: int) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise HTTPException(400, f"The data of example {number} is not base64.") from error

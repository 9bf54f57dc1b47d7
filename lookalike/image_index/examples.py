"""The examples that a search is given: images of the caller, stored ones, and texts, wanted or not."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from lookalike.errors import BadQuery
from lookalike.image_index import arguments
from lookalike.image_index.query import Query, encoded, rejections_of
from lookalike.queries import examples as wire
from lookalike.queries.region import Region, parse_region
from lookalike.queries.text import checked_text
from lookalike.records import document_id
from lookalike.settings import Settings
from lookalike.shown import kind_of

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import TypeIs

#: "x,y,width,height" in pixels of the upright image, "pct:x,y,width,height" in percent, or four numbers in pixels.
Part: TypeAlias = str | Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Example:
    """What a search is given: an `Image`, a `Stored` or a `Text`. With a negative `weight`, or as `-Image(...)`, it
    says what is not wanted."""

    weight: float = 1.0
    """How much it counts; below 0, it says what is not wanted."""

    def __neg__(self) -> "Self":
        """The same example as one of what is not wanted."""
        return replace(self, weight=-self.weight)

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        """The example as a search takes it. Raises BadQuery, BadSetting, QueryRejected."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Image(Example):
    """An image of the caller, or only a `region` of it: a path, bytes, a PIL image or a NumPy array."""

    image: Query
    """The image."""
    region: Part | None = field(default=None, kw_only=True)
    """The part that counts: `"x,y,width,height"` in pixels of the upright image, `"pct:x,y,width,height"` in
    percent, or four numbers in pixels."""

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        with rejections_of(self.image):
            return wire.Upload(
                encoded(self.image, settings, compressed=compressed), self.weight, region_of(self.region)
            )


@dataclass(frozen=True)
class Stored(Example):
    """A stored image, by its `id` or its `uri`, or only a `region` of it."""

    id: str | None = None
    """Id of the image; give this or `uri`."""
    uri: str | os.PathLike[str] | None = None
    """Path or address of the image."""
    region: Part | None = field(default=None, kw_only=True)
    """The part that counts, as for `Image`."""

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        arguments.check_query(None, self.id, self.uri, 1)
        return wire.Stored(self.image_id, self.weight, region_of(self.region))

    @property
    def place(self) -> str:
        """What the caller knows it by: its id, or its uri in the index."""
        return self.id if self.id is not None else arguments.stored_uri(self.uri or "")

    @property
    def image_id(self) -> str:
        """The id of the image, also if it is given by its uri."""
        return self.id if self.id is not None else document_id(self.place)


@dataclass(frozen=True)
class Text(Example):
    """What images show, in words. The model of the index must have a text side."""

    text: str
    """The words."""

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        return wire.Text(checked_text(arguments.text(self.text, "a text to search by")), self.weight)


def is_examples(value: object) -> "TypeIs[Example | Sequence[Example]]":
    """Whether a search is given examples, and not one image."""
    return isinstance(value, Example | list | tuple)


def checked(values: Example | Sequence[Example]) -> list[Example]:
    """The examples, as a list. Raises BadQuery, BadSetting."""
    given = [values] if isinstance(values, Example) else list(values)
    for value in given:
        if not isinstance(value, Example):
            raise BadQuery(f"{kind_of(value)} is no example.", "Give lookalike.Image, Stored or Text.")
    from lookalike.queries.weights import check_weights

    check_weights([arguments.number(value.weight, "weight") for value in given])
    return given


def region_of(part: Part | None) -> Region | None:
    """Raises BadQuery, BadSetting."""
    if part is None or isinstance(part, str):
        return None if part is None else parse_region(part)
    numbers = [arguments.number(number, "region") for number in arguments.each(part, "a region")]
    return parse_region(",".join(f"{number:.15g}" for number in numbers))

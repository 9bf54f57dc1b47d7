"""The examples that a search is given: images of the caller, and stored ones, wanted or not."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from lookalike.errors import BadQuery
from lookalike.image_index import arguments
from lookalike.image_index.query import Query, encoded, rejections_of
from lookalike.queries import examples as wire
from lookalike.queries.region import Region, parse_region
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
    """An image that a search is given, or only a `region` of it; an `Image` or a `Stored`. With a negative `weight`, or
    as `-Image(...)`, it says what is not wanted."""

    weight: float = 1.0
    region: Part | None = None

    def __neg__(self) -> "Self":
        """The same example as one of what is not wanted."""
        return replace(self, weight=-self.weight)

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        """The example as a search takes it. Raises BadQuery, BadSetting, QueryRejected."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Image(Example):
    """An image of the caller: a path, bytes, a PIL image or a NumPy array."""

    image: Query

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        with rejections_of(self.image):
            return wire.Upload(
                encoded(self.image, settings, compressed=compressed), self.weight, region_of(self.region)
            )


@dataclass(frozen=True)
class Stored(Example):
    """A stored image, by its `id` or its `uri`."""

    id: str | None = None
    uri: str | os.PathLike[str] | None = None

    def resolved(self, settings: Settings, *, compressed: bool) -> wire.Example:
        arguments.check_query(None, self.id, self.uri, 1)
        return wire.Stored(self.image_id, self.weight, region_of(self.region))

    @property
    def place(self) -> str:
        """What the caller knows it by: its id, or its uri in the index."""
        return self.id if self.id is not None else arguments.stored_uri(self.uri or "")

    @property
    def image_id(self) -> str:
        return self.id if self.id is not None else document_id(self.place)


def is_examples(value: object) -> "TypeIs[Example | Sequence[Example]]":
    """Whether a search is given examples, and not one image."""
    return isinstance(value, Example | list | tuple)


def checked(values: Example | Sequence[Example]) -> list[Example]:
    """The examples, as a list. Raises BadQuery, BadSetting."""
    given = [values] if isinstance(values, Example) else list(values)
    for value in given:
        if not isinstance(value, Example):
            raise BadQuery(f"{kind_of(value)} is no example.", "Give lookalike.Image or lookalike.Stored.")
    from lookalike.queries.mixing import check_weights

    check_weights([arguments.number(value.weight, "weight") for value in given])
    return given


def region_of(part: Part | None) -> Region | None:
    """Raises BadQuery, BadSetting."""
    if part is None or isinstance(part, str):
        return None if part is None else parse_region(part)
    numbers = [arguments.number(number, "region") for number in arguments.each(part, "a region")]
    return parse_region(",".join(f"{number:.15g}" for number in numbers))

"""The examples of a search: what the images that it finds shall be like, and what not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from lookalike.errors import BadQuery
from lookalike.queries.region import Region, parse_region
from lookalike.shown import shown

#: Characters of a stored example as text: an id has 40, and a region 100 at most.
MAX_LENGTH = 200
_WEIGHT = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Upload:
    """An image by the bytes of its file, or a region of it. What has a negative weight is not wanted."""

    data: bytes
    weight: float = 1.0
    region: Region | None = None


@dataclass(frozen=True)
class Stored:
    """An image of the index, or a region of it. It is not among the matches of its search."""

    id: str
    weight: float = 1.0
    region: Region | None = None


@dataclass(frozen=True)
class Text:
    """What images show, in words (see `text.checked_text`)."""

    text: str
    weight: float = 1.0


Example: TypeAlias = Upload | Stored | Text


def texts_of(examples: Iterable[Example]) -> list[str]:
    """The texts, in their order."""
    return [example.text for example in examples if isinstance(example, Text)]


def is_decoded(example: Example) -> TypeGuard[Upload | Stored]:
    """Whether its vector is made of pixels: those of an upload or of a region. That of a stored image is known."""
    return isinstance(example, Upload) or (isinstance(example, Stored) and example.region is not None)


def parse_stored(text: str) -> Stored:
    """The stored example of "ID", with a weight before it and a region behind it if there are: "-0.5:ID@10,10,50,50".
    Raises BadQuery."""
    head, at, region = text.partition("@")
    weight, colon, id = head.rpartition(":")
    if len(text) > MAX_LENGTH or not id or (colon and not _WEIGHT.fullmatch(weight)):
        raise BadQuery(f"{shown(text)} is no example.", "Write WEIGHT:ID@REGION, or a part of it: 2:ID, ID@0,0,50,50.")
    return Stored(id, float(weight) if colon else 1.0, parse_region(region) if at else None)


def ids_of(examples: Iterable[Example]) -> frozenset[str]:
    """The stored ones."""
    return frozenset(example.id for example in examples if isinstance(example, Stored))

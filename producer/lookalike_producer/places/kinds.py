"""What a source can be."""

from collections.abc import Sequence
from dataclasses import dataclass

from lookalike_producer.stores import StoreImage, StoreTree
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.pattern import ANY_FOLDERS
from lookalike_producer.web import WebImage


@dataclass(frozen=True)
class Tree:
    """A folder, without a slash at its end, and the parts of a glob below it. `tables` in it describe its images: they
    are no images, and the folders are no labels."""

    folder: str
    parts: tuple[str, ...] = (ANY_FOLDERS,)
    is_glob: bool = False
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A list of paths, in a file or on standard input."""

    path: str


@dataclass(frozen=True)
class OneImage:
    path: str


Place = Tree | Listing | OneImage | TableSet | StoreTree | StoreImage | WebImage


class Places(tuple[Place, ...]):
    """What some sources are, found out once: to look asks disks and stores."""


#: Sources by their names, or what they are.
NamesOrPlaces = Sequence[str] | Places

#: What a message says to give in place of what is no source.
WHAT_TO_GIVE = (
    "Give a folder, a glob in quotes, a table, a tar or zip, an address, a .txt list of paths, "
    "or - for a list on standard input."
)

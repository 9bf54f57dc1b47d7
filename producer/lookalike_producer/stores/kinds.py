"""What an address of a store can name."""

from dataclasses import dataclass, field

from lookalike.reading.stores.location import Location
from lookalike_producer.walk.pattern import ANY_FOLDERS


@dataclass(frozen=True)
class StoreTree:
    """The keys of a store below a prefix that match. `folder` is empty, or a key that ends with a slash; the parts of
    the glob start behind it. `prefix` is what all matching keys begin with, `first` one of these keys."""

    folder: Location
    prefix: str
    parts: tuple[str, ...] = (ANY_FOLDERS,)
    is_glob: bool = False
    first: str = field(default="", compare=False)


@dataclass(frozen=True)
class StoreImage:
    """One object."""

    at: Location

"""Reads the map that is kept with an index. Loads nothing that makes maps."""

from lookalike.index import Index
from lookalike.mapping.record import Map, decode


def read_map(index: Index) -> Map | None:
    """The map of the current version; None if there is none, or one of another release or model."""
    data = index.read_map()
    found = None if data is None else decode(data)
    return found if found is not None and found.fingerprint == index.model().fingerprint else None

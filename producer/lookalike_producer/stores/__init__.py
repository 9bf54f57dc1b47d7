"""Sources in object stores: a prefix, a glob or a single key, listed as a stream."""

from lookalike_producer.stores.kinds import StoreImage, StoreTree
from lookalike_producer.stores.placing import one_object, placed_in_store
from lookalike_producer.stores.references import listed_object, reference, references

__all__ = [
    "StoreImage",
    "StoreTree",
    "listed_object",
    "one_object",
    "placed_in_store",
    "reference",
    "references",
]

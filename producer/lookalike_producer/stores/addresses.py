"""Addresses of stores, and how messages say them."""

from lookalike.errors import SourceMissing
from lookalike.reading.stores.location import Location, location_of
from lookalike.uris import without_credentials

#: What a message says to give.
FORMS = "Give s3://bucket/prefix/, s3://bucket/key, or a glob such as 's3://bucket/**/*.jpg'."


def located(source: str) -> Location:
    """The place that an address names. Raises SourceMissing for what is no address."""
    try:
        return location_of(source)
    except ValueError as error:
        raise SourceMissing(f"{harmless(source)} is no address of a store: {error}.", FORMS) from error


def harmless(source: str) -> str:
    """An address for a message: without credentials."""
    return repr(without_credentials(source))

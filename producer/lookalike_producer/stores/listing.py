"""Opens the listing of stores when it is needed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike.reading.stores.listing import Listing


def opened_listing() -> "Listing":
    """A listing, which its user closes."""
    # It loads asyncio, which local files do not need.
    from lookalike.reading.stores.listing import Listing

    return Listing()

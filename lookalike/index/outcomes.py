"""Several searches, of which one that fails does not fail the others."""

from collections.abc import Callable, Sequence

from lookalike.errors import ImageRejected, LookalikeError, PermanentError
from lookalike.index.base import VectorQuery
from lookalike.records import Match

Search = Callable[[VectorQuery], list[Match]]


def each(search: Search, queries: Sequence[VectorQuery]) -> list[list[Match] | LookalikeError]:
    """See `Index.search_each`: one after the other."""
    return [outcome(search, query) for query in queries]


def outcome(search: Search, query: VectorQuery) -> list[Match] | LookalikeError:
    """The matches, or the error of this query. A service that is away would be away for the next one as well."""
    try:
        return search(query)
    except (PermanentError, ImageRejected) as error:
        return error

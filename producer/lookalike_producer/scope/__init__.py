"""Which documents belong to a source: those that could only be in the index because of it.

The scope of a folder or of a prefix of a store is everything below it, that of a glob everything that it would match,
that of an archive its members, but nothing that a pattern excludes. A list, a table and standard input have their rows
that name no image, and a single image has nothing, unless the caller names folders or addresses that they list
completely.
"""

from lookalike_producer.scope.base import Scope, covered
from lookalike_producer.scope.images import FolderScope, InnerScope, PrefixScope
from lookalike_producer.scope.many import Scopes
from lookalike_producer.scope.of_sources import scopes, walked
from lookalike_producer.scope.records import OF_RECORDS, RowScope

__all__ = [
    "OF_RECORDS",
    "FolderScope",
    "InnerScope",
    "PrefixScope",
    "RowScope",
    "Scope",
    "Scopes",
    "covered",
    "scopes",
    "walked",
]

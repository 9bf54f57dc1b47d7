"""The bytes of local files, and their uris."""

from lookalike.storage.failures import reason_of
from lookalike.storage.files import kind_of_file
from lookalike.storage.local_uris import beginnings, canonical_uri, local_path, local_uri, named_uri
from lookalike.storage.storage import Storage

__all__ = [
    "Storage",
    "beginnings",
    "canonical_uri",
    "kind_of_file",
    "local_path",
    "local_uri",
    "named_uri",
    "reason_of",
]

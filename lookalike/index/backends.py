"""The backend of each URL scheme."""

from urllib.parse import urlsplit

from lookalike.errors import BadSetting
from lookalike.index.backend import Backend
from lookalike.index.lancedb.backend import LanceDBBackend
from lookalike.index.opensearch.backend import OpenSearchBackend

BACKENDS: tuple[Backend, ...] = (OpenSearchBackend(), LanceDBBackend())


def backend_of(url: str) -> Backend:
    """The backend for the scheme of `url`. Raises BadSetting if there is none."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    for backend in BACKENDS:
        if scheme in backend.schemes:
            return backend
    examples = " or ".join(backend.example for backend in BACKENDS)
    # Name the scheme only: the rest of the URL may hold a password.
    what = f"The URL of the index has the unknown scheme {scheme!r}." if scheme else "The URL of the index is invalid."
    raise BadSetting(what, f"Set LOOKALIKE_INDEX_URL to {examples}.")

"""A searcher from settings: what the service and the command line both start from, so it loads nothing of HTTP."""

from functools import partial

from api.search import Searcher
from lookalike import configured
from lookalike.embedding import Embedder
from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike.settings import Settings


def open_searcher(settings: Settings, index: Index | None = None) -> Searcher:
    """Nothing heavy is loaded before the first picture. Raises BadSetting, ModelUnavailable for a missing file."""
    configured.model_spec(settings)
    return Searcher(
        index or configured.open_index(settings),
        load=partial(_load, settings),
        decode=lambda data, size: configured.decode(settings, data, size=size),
    )


def _load(settings: Settings, held: ModelIdentity) -> Embedder:
    spec = configured.followed_spec(settings, held)
    return configured.embedder(settings, spec, threads=settings.processes)

"""A searcher from settings: what the service and the command line both start from."""

from functools import partial

from api.search import Searcher
from lookalike import configured
from lookalike.index import Index
from lookalike.settings import Settings


def open_searcher(settings: Settings, index: Index | None = None) -> Searcher:
    """Nothing heavy is loaded before the first picture. Raises BadSetting, and what opening the index raises."""
    spec = configured.model_spec(settings)
    return Searcher(
        index or configured.open_index(settings),
        load=lambda: configured.embedder(settings, spec, threads=settings.processes),
        decode=partial(configured.decode, settings),
    )

"""A searcher from settings: what the service and the command line both start from, so it loads nothing of HTTP."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from lookalike import factories
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.artifacts.cache import is_built
from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike.settings import Settings
from lookalike_api.search import Searcher


def open_searcher(settings: Settings, index: Index | None = None, *, is_hurried: bool = False) -> Searcher:
    """Nothing heavy is loaded before the first image; or, `is_hurried`, the model at once, beside the index's
    client, if it has been compiled before. Raises BadSetting, ModelUnavailable for a missing file."""
    spec = factories.model_spec(settings)
    begun = _begun(settings, spec) if is_hurried and is_built(spec, settings.home) else None
    return Searcher(
        index or factories.open_index(settings),
        load=partial(_load, settings, spec, begun),
        decode=lambda data, size: factories.decode(settings, data, size=size),
    )


def _begun(settings: Settings, spec: ModelSpec) -> Future[Embedder]:
    return ThreadPoolExecutor(1).submit(_embedder, settings, spec)


def _load(settings: Settings, ours: ModelSpec, begun: Future[Embedder] | None, held: ModelIdentity) -> Embedder:
    spec = factories.followed_spec(settings, held)
    return begun.result() if begun and spec == ours else _embedder(settings, spec)


def _embedder(settings: Settings, spec: ModelSpec) -> Embedder:
    return factories.embedder(settings, spec, threads=settings.processes)

"""Makes a Searcher from the settings, for the service and for the command line. Imports no HTTP library."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial

from lookalike import factories
from lookalike.embedding import Embedder, ModelSpec, TextEncoder, is_readable
from lookalike.embedding.artifacts.cache import is_built
from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike.settings import Settings
from lookalike_api.search import Searcher
from lookalike_api.texts import Texts

logger = logging.getLogger(__name__)


def open_searcher(settings: Settings, index: Index | None = None, *, preload: bool = False) -> Searcher:
    """A Searcher that loads its model with the first image. With `preload`, a model that is already built starts to
    load at once, in parallel with the index's client. Raises BadSetting, and ModelUnavailable for a missing file."""
    spec = factories.model_spec(settings)
    loading = _start_loading(settings, spec) if preload and is_built(spec, settings.home) else None
    index = index or factories.open_index(settings)
    return Searcher(
        index,
        load=partial(_load, settings, spec, loading),
        decode=lambda data, frame, region: factories.decode(settings, data, **frame._asdict(), region=region),
        texts=Texts(index, load=partial(_load_text, settings), has_text=partial(_has_text, settings)),
    )


def _start_loading(settings: Settings, spec: ModelSpec) -> Future[Embedder]:
    # Imports in two threads slow each other down: this one imports, and the other one compiles the graph.
    if settings.runtime in ("auto", "openvino"):
        with suppress(ModuleNotFoundError):  # the load says which package is missing
            import lookalike.embedding.runtimes.openvino  # noqa: F401
    return ThreadPoolExecutor(1).submit(_embedder, settings, spec)


def _load(settings: Settings, ours: ModelSpec, loading: Future[Embedder] | None, stored: ModelIdentity) -> Embedder:
    spec = _chosen(settings, stored)
    return loading.result() if loading and spec == ours else _embedder(settings, spec)


def _load_text(settings: Settings, stored: ModelIdentity) -> TextEncoder:
    spec = _chosen(settings, stored)
    return factories.text_encoder(settings, spec, stored, threads=settings.processes)


def _chosen(settings: Settings, stored: ModelIdentity) -> ModelSpec:
    """The model for searches. Log a warning if it is not the one that was asked for."""
    # Now, not when the service started: a model of this name may have been replaced.
    asked = factories.model_spec(settings)
    spec = factories.spec_for_index(settings, stored, asked)
    if factories.is_model_chosen(settings) and spec.fingerprint != asked.fingerprint:
        _warn(settings.index, asked.name, spec.name)
    return spec


@cache
def _warn(index: str, asked: str, used: str) -> None:
    """Once for images and texts together."""
    logger.warning("Index %s has another model since it was promoted. Searches use %s, not %s.", index, used, asked)


def _has_text(settings: Settings, stored: ModelIdentity) -> bool:
    side = factories.spec_for_index(settings, stored).text
    return side is not None and is_readable(side)


def _embedder(settings: Settings, spec: ModelSpec) -> Embedder:
    return factories.embedder(settings, spec, threads=settings.processes)

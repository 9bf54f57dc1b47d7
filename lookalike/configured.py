"""The parts as the settings want them: the one place that turns settings into an index, a model and a storage."""

from dataclasses import replace

from lookalike import embedding, images, index
from lookalike.embedding import Embedder, ModelSpec
from lookalike.images import Picture
from lookalike.index import Index, IndexInfo, IndexOptions
from lookalike.settings import Settings
from lookalike.storage import Storage


def model_spec(settings: Settings) -> ModelSpec:
    """Raises BadSetting, ModelUnavailable."""
    return embedding.resolve(settings.model, weights=settings.weights, preprocessing=settings.preprocessing)


def embedder(settings: Settings, spec: ModelSpec, *, threads: int = 1) -> Embedder:
    """The model, loaded; slow the first time, when it has to be built. Raises ModelUnavailable, BadSetting."""
    return embedding.load(
        spec, home=settings.home, runtime=settings.runtime, precision=settings.precision, threads=threads
    )


def open_index(settings: Settings, name: str | None = None, *, timeout_s: float | None = None) -> Index:
    """The named index, or the configured one; nothing is asked or created yet. Raises BadSetting.

    `timeout_s` is for those who would rather hear that the index is away than wait for it.
    """
    options = _options(settings)
    if timeout_s is not None:
        options = replace(options, timeout_s=timeout_s, patience_s=timeout_s)
    return index.open_index(settings.index_location, name or settings.index, options=options)


def list_indexes(settings: Settings) -> list[IndexInfo]:
    return index.list_indexes(settings.index_location, options=_options(settings))


def storage(settings: Settings) -> Storage:
    return Storage(roots=settings.roots, max_bytes=settings.max_image_bytes)


def decode(settings: Settings, data: bytes) -> Picture:
    """Raises ImageRejected."""
    return images.decode(data, max_pixels=settings.max_image_pixels)


def thumbnail(settings: Settings, data: bytes, size: int) -> bytes:
    """Raises ImageRejected."""
    return images.thumbnail(data, max_pixels=settings.max_image_pixels, size=size)


def _options(settings: Settings) -> IndexOptions:
    return IndexOptions(
        engine=settings.engine,
        shards=settings.shards,
        replicas=settings.replicas,
        ca_certs=str(settings.ca_certs) if settings.ca_certs else None,
        insecure=settings.insecure,
    )

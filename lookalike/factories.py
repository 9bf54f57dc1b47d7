"""The parts as the settings want them: the one place that turns settings into an index, a model and a storage."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike import embedding, index
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.embedding.specs.spec_lookup import spec_of
from lookalike.errors import ModelMismatch
from lookalike.index import Index, IndexInfo, IndexOptions, Inspection, Versions
from lookalike.records import Diagnostic, ModelIdentity
from lookalike.settings import Settings
from lookalike.storage import Storage

if TYPE_CHECKING:
    from lookalike.images import DecodedImage


def model_spec(settings: Settings) -> ModelSpec:
    """Raises BadSetting, ModelUnavailable."""
    return embedding.resolve(
        settings.model, weights=settings.weights, preprocessing=settings.preprocessing, home=settings.home
    )


def followed_spec(settings: Settings, held: ModelIdentity) -> ModelSpec:
    """The model to ask an index of `held` with: the configured one, or the one its index was promoted to since.

    Raises ModelMismatch for any other, and for one that nothing on this machine tells the making of.
    """
    ours = model_spec(settings)
    if ours.fingerprint == held.fingerprint:
        return ours
    theirs = spec_of(held, settings.home) if ours.fingerprint in _former_models(settings) else None
    if theirs is None:
        raise ModelMismatch(settings.index, str(held), f"{ours.name} ({ours.fingerprint})")
    return theirs


def _former_models(settings: Settings) -> frozenset[str]:
    if index.is_version(settings.index):
        return frozenset()
    with closing(open_versions(settings)) as versions:
        return versions.former_models()


def embedder(settings: Settings, spec: ModelSpec, *, threads: int = 1) -> Embedder:
    """The model, loaded; slow the first time, when it has to be built. Raises ModelUnavailable, BadSetting."""
    return embedding.load(
        spec, home=settings.home, runtime=settings.runtime, precision=settings.precision, threads=threads
    )


def open_index(settings: Settings, name: str | None = None, *, timeout_s: float | None = None) -> Index:
    """The named index or version, or the configured one; nothing is asked or created yet. Raises BadSetting.

    `timeout_s` is for those who would rather hear that the index is away than wait for it.
    """
    options = index_options(settings)
    if timeout_s is not None:
        options = replace(options, timeout_s=timeout_s, retry_timeout_s=timeout_s)
    name = name or settings.index
    opened = index.open_version if index.is_version(name) else index.open_index
    return opened(settings.index_location, name, options=options)


def check_place(settings: Settings, *, timeout_s: float) -> None:
    """Whether an index can be where the settings say. Raises UnsupportedService and what the index raises."""
    index.check_place(settings.index_location, options=replace(index_options(settings), timeout_s=timeout_s))


def check_writable(settings: Settings) -> list[Diagnostic]:
    """What to look at, of the configured index. Raises UnsupportedService, DiskFull and what the index raises."""
    return index.check_writable(settings.index_location, settings.index, options=index_options(settings))


def inspect_index(settings: Settings) -> Inspection | None:
    """What OpenSearch tells a person of itself and the configured index; None for the embedded one."""
    return index.inspect(settings.index_location, settings.index, options=index_options(settings))


def open_versions(settings: Settings, name: str | None = None) -> Versions:
    """All versions of the named index, or of the configured one. Raises BadSetting."""
    return index.open_versions(settings.index_location, name or settings.index, options=index_options(settings))


def list_indexes(settings: Settings) -> list[IndexInfo]:
    return index.list_indexes(settings.index_location, options=index_options(settings))


def storage(settings: Settings) -> Storage:
    return Storage(roots=settings.roots, max_bytes=settings.max_image_bytes)


def decode(settings: Settings, data: bytes, *, size: int = IMAGE_SIZE) -> "DecodedImage":
    """An image of `size` x `size` pixels, the side that the model takes. Raises ImageRejected."""
    from lookalike import images  # Pillow and NumPy are not in the base installation

    return images.decode(data, max_pixels=settings.max_image_pixels, size=size)


def thumbnail(settings: Settings, data: bytes, size: int) -> bytes:
    """Raises ImageRejected."""
    from lookalike import images

    return images.thumbnail(data, max_pixels=settings.max_image_pixels, size=size)


def index_options(settings: Settings) -> IndexOptions:
    return IndexOptions(
        engine=settings.engine,
        m=settings.hnsw_m,
        ef_construction=settings.hnsw_ef_construction,
        ef_search=settings.hnsw_ef_search,
        quantization=settings.quantization,
        mode=settings.vector_mode,
        compression=settings.compression,
        shards=settings.shards,
        replicas=settings.replicas,
        ca_certs=_path(settings.ca_certs),
        client_cert=_path(settings.client_cert),
        client_key=_path(settings.client_key),
        aws_region=settings.aws_region,
        aws_service=settings.aws_service,
        insecure=settings.insecure,
        retry_timeout_s=settings.patience_s,
    )


def _path(path: Path | None) -> str | None:
    return str(path) if path else None

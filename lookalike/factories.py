"""Builds an index, a model and a reader from the settings."""

from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike import embedding, index
from lookalike.embedding import Embedder, ModelSpec, TextEncoder
from lookalike.embedding.specs.pairs import files_of
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.embedding.specs.spec_lookup import spec_of
from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.index import Index, IndexInfo, IndexOptions, Inspection, Versions
from lookalike.reading.reader import Reader
from lookalike.records import WHOLE, Diagnostic, Framing, ModelIdentity, Reason
from lookalike.release import RELEASE
from lookalike.roots import PUBLIC
from lookalike.settings import Settings

if TYPE_CHECKING:
    from lookalike.images import DecodedImage
    from lookalike.queries.region import Region

#: The settings that choose a model.
OF_THE_MODEL = frozenset({"model", "weights", "preprocessing", "text_model", "tokenizer"})
#: For the question which model an index holds; what follows has its own, longer time.
LOOK_UP_TIMEOUT_S = 5.0


def model_spec(settings: Settings) -> ModelSpec:
    """The configured model. Raises BadSetting, ModelUnavailable."""
    return embedding.resolve(
        settings.model,
        weights=settings.weights,
        preprocessing=settings.preprocessing,
        home=settings.home,
        text=files_of(settings.text_model, settings.tokenizer),
    )


def is_model_chosen(settings: Settings) -> bool:
    """Whether an option, an argument or a variable chose the model: otherwise an index decides it."""
    return any(getattr(settings, name) is not None for name in OF_THE_MODEL & settings.model_fields_set)


def working_spec(settings: Settings) -> ModelSpec:
    """The model for work on the configured index: the chosen one; if none was chosen, the one of the index.

    It is the default model for an index that does not exist, or whose model cannot be built on this machine. Raises
    BadSetting, ModelUnavailable, and what the index raises.
    """
    return spec_in_place_of(model_spec(settings), settings)


def spec_in_place_of(spec: ModelSpec, settings: Settings) -> ModelSpec:
    """The `working_spec` if `spec` is the configured model. Raises what the index raises."""
    if is_model_chosen(settings):
        return spec
    with closing(open_index(settings, timeout_s=LOOK_UP_TIMEOUT_S)) as opened, suppress(IndexMissing):
        indexed = opened.model()
        if indexed.fingerprint != spec.fingerprint:
            return spec_of(indexed, settings.home) or spec
    return spec


def spec_for_index(settings: Settings, indexed: ModelIdentity, configured: ModelSpec | None = None) -> ModelSpec:
    """The model for searches in the configured index, which holds vectors of `indexed`.

    It is the configured model, or the one that the index was promoted to since; if no model was chosen, that of the
    index. `configured` is the configured model, if the caller has just resolved it. Raises ModelMismatch if `indexed`
    is another model, or cannot be built on this machine.
    """
    configured = configured or model_spec(settings)
    if configured.fingerprint == indexed.fingerprint:
        return configured
    is_free = not is_model_chosen(settings) or configured.fingerprint in _former_models(settings)
    spec = spec_of(indexed, settings.home) if is_free else None
    if spec is None:
        raise ModelMismatch(settings.index, str(indexed), f"{configured.name} ({configured.fingerprint})")
    return spec


def _former_models(settings: Settings) -> frozenset[str]:
    if index.is_version(settings.index):
        return frozenset()
    with closing(open_versions(settings)) as versions:
        return versions.former_models()


def embedder(settings: Settings, spec: ModelSpec, *, threads: int = 1, for_chunks: bool = False) -> Embedder:
    """The loaded model, for a process that embeds `for_chunks` or not. Slow the first time, when it is built.

    Raises ModelUnavailable, BadSetting.
    """
    return embedding.load(
        spec,
        home=settings.home,
        runtime=settings.runtime,
        precision=settings.precision,
        threads=threads,
        for_chunks=for_chunks,
    )


def text_encoder(settings: Settings, spec: ModelSpec, indexed: ModelIdentity, *, threads: int = 1) -> TextEncoder:
    """The loaded text side of the model, whose vectors an index holds as `indexed`. Slow the first time, when it is
    built. Raises BadQuery for a model without one, ModelUnavailable."""
    return embedding.load_text(spec, indexed, home=settings.home, threads=threads)


def open_index(settings: Settings, name: str | None = None, *, timeout_s: float | None = None) -> Index:
    """The index or version `name`, by default the configured index. Sends no request and creates nothing.

    `timeout_s` limits requests and retries, for callers that must answer soon. Raises BadSetting.
    """
    options = index_options(settings)
    if timeout_s is not None:
        options = replace(options, timeout_s=timeout_s, retry_s=timeout_s)
    name = name or settings.index
    open_it = index.open_version if index.is_version(name) else index.open_index
    return open_it(settings.index_location, name, options=options)


def check_location(settings: Settings, *, timeout_s: float) -> None:
    """Check that the configured URL can hold an index. Raises UnsupportedService and the errors of `Index`."""
    index.check_location(settings.index_location, options=replace(index_options(settings), timeout_s=timeout_s))


def check_writable(settings: Settings) -> list[Diagnostic]:
    """Check that the configured index accepts writes, or can be created; returns warnings.

    Raises UnsupportedService and the errors of `Index`.
    """
    return index.check_writable(settings.index_location, settings.index, options=index_options(settings))


def inspect_index(settings: Settings) -> Inspection | None:
    """The state of the index server and of the configured index; None for the embedded index.

    Raises UnsupportedService and the errors of `Index`.
    """
    return index.inspect(settings.index_location, settings.index, options=index_options(settings))


def open_versions(settings: Settings, name: str | None = None) -> Versions:
    """All versions of the index `name`, by default the configured one. Raises BadSetting."""
    return index.open_versions(settings.index_location, name or settings.index, options=index_options(settings))


def list_indexes(settings: Settings) -> list[IndexInfo]:
    """Every version of every index at the configured URL. Raises the errors of `Index`."""
    return index.list_indexes(settings.index_location, options=index_options(settings))


def index_names(settings: Settings) -> list[str]:
    """The names of all indexes at the configured URL, sorted. Raises the errors of `Index`."""
    return index.index_names(settings.index_location, options=index_options(settings))


def reader(settings: Settings, *, is_embedded: bool | None = None, named: Iterable[str] = ()) -> Reader:
    """Reads images from all places that the settings allow (see `with_roots`)."""
    return Reader(with_roots(settings, is_embedded=is_embedded, named=named))


def with_roots(settings: Settings, *, is_embedded: bool | None = None, named: Iterable[str] = ()) -> Settings:
    """The settings with the roots that are in force. None: the stack is embedded if no broker is configured.

    With the embedded stack, and if LOOKALIKE_ROOTS is not set, these are also all public hosts, all stores, and what
    the command line of a job named (`roots.named_prefixes`).
    """
    if is_embedded is None:
        is_embedded = settings.broker_url is None
    if not is_embedded or "roots" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"roots": (*settings.roots, *PUBLIC, *named)})


def decode(
    settings: Settings,
    data: bytes,
    *,
    size: int = IMAGE_SIZE,
    framing: Framing = WHOLE,
    region: "Region | None" = None,
) -> "DecodedImage":
    """The image in `data` (the content of a file), or a region of it, as `size` x `size` pixels. For a model, both are
    its `frame`. Raises ImageRejected."""
    from lookalike import images  # Pillow and NumPy are not in the base installation

    if region is not None:
        return images.decode_region(data, region, max_pixels=settings.max_image_pixels, size=size, framing=framing)
    return images.decode(data, max_pixels=settings.max_image_pixels, size=size, framing=framing)


def decoder(settings: Settings, embed: "Embedder") -> "Callable[[bytes], DecodedImage]":
    """Return a function that decodes files for a model: to its image size, or to what its model process resizes or
    decodes. The function raises ImageRejected."""
    from lookalike import images
    from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder

    decode = partial(images.decode, max_pixels=settings.max_image_pixels, **embed.frame._asdict())
    if isinstance(embed, RemoteEmbedder):
        return partial(decode, largest=embed.largest, left_from=embed.left_from)
    return decode


def thumbnail(settings: Settings, data: bytes, size: int) -> bytes:
    """The image in `data` as a JPEG whose longest side is at most `size` pixels. Raises ImageRejected."""
    from lookalike import images

    return images.thumbnail(data, max_pixels=settings.max_image_pixels, size=size)


def rejection_rules(settings: Settings) -> Callable[[Reason], str]:
    """What a rejection depends on beside the file: the release, and for some reasons a setting."""
    limits = {
        Reason.TOO_LARGE: settings.max_image_bytes,
        Reason.BOMB: settings.max_image_pixels,
        Reason.TIMEOUT: settings.time_limit_s,
    }
    return lambda reason: f"{RELEASE} {limits.get(reason, '')}".strip()


def index_options(settings: Settings) -> IndexOptions:
    """The configured options of an index."""
    return IndexOptions(
        engine=settings.engine,
        m=settings.hnsw_m,
        ef_construction=settings.hnsw_ef_construction,
        ef_search=settings.hnsw_ef_search,
        quantization=settings.quantization,
        mode=settings.vector_mode,
        compression=settings.compression,
        ann_rows=settings.ann_rows,
        shards=settings.shards,
        replicas=settings.replicas,
        ca_certs=_path(settings.ca_certs),
        client_cert=_path(settings.client_cert),
        client_key=_path(settings.client_key),
        aws_region=settings.aws_region,
        aws_service=settings.aws_service,
        insecure=settings.insecure,
        timeout_s=settings.index_timeout_s,
        retry_s=settings.index_retry_s,
    )


def _path(path: Path | None) -> str | None:
    return str(path) if path else None

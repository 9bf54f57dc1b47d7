"""Prepares model and index before a job sends its first message."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from lookalike import embedding, factories
from lookalike.embedding import ModelSpec
from lookalike.embedding.artifacts.cache import find
from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity
from lookalike.settings import Settings
from lookalike_producer.callbacks import ignore


def prepare_model(
    settings: Settings, spec: ModelSpec, *, with_artifact: bool, on_note: Callable[[str], None] = ignore
) -> ModelIdentity:
    """The identity of the model. Raises ModelUnavailable, BadSetting, DiskFull.

    `with_artifact` builds the compiled model first, so that the workers of this machine do not all build it at once.
    """
    if with_artifact and find(spec, settings.home) is None:
        on_note(f"Preparing the model {spec.name} (once) ...")
        embedding.build_artifact(spec, settings.home)
    return embedding.identify(spec, settings.home)


@dataclass(frozen=True)
class Prepared:
    """The model of an index that exists; `is_new` if it did not exist before."""

    identity: ModelIdentity
    is_new: bool


def prepare(
    settings: Settings,
    spec: ModelSpec,
    *,
    with_artifact: bool,
    fields: Fields | None = None,
    on_note: Callable[[str], None] = ignore,
) -> Prepared:
    """Make sure that model and index exist, and that the index has the metadata `fields`, before any message is sent.

    Raises ModelMismatch, IndexConflict for a field that the index has with another type, and as both do.
    """
    # Before the model is downloaded and compiled, which takes minutes.
    exists = _check(settings, spec, fields or {})
    identity = prepare_model(settings, spec, with_artifact=with_artifact, on_note=on_note)
    with closing(factories.open_index(settings)) as index:
        index.ensure(identity)
        if fields and not exists:
            index.declare(fields)
    return Prepared(identity, is_new=not exists)


def _check(settings: Settings, spec: ModelSpec, fields: Fields) -> bool:
    """Whether the index exists; then it has the fields. Raises ModelMismatch, IndexConflict if they do not fit."""
    with closing(factories.open_index(settings)) as index, suppress(IndexMissing):
        existing = index.model()
        if existing.fingerprint != spec.fingerprint:
            raise ModelMismatch(index.name, str(existing), f"{spec.name} ({spec.fingerprint})")
        if fields:
            index.declare(fields)
        return True
    return False

"""Prepares model and index before a job sends its first message."""

from collections.abc import Callable
from contextlib import closing

from lookalike import embedding, factories
from lookalike.embedding import ModelSpec
from lookalike.embedding.artifacts.cache import find
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


def prepare(
    settings: Settings, spec: ModelSpec, *, with_artifact: bool, on_note: Callable[[str], None] = ignore
) -> ModelIdentity:
    """Make sure that model and index exist, before any message is sent. Raises ModelMismatch, and as both do."""
    identity = prepare_model(settings, spec, with_artifact=with_artifact, on_note=on_note)
    with closing(factories.open_index(settings)) as index:
        index.ensure(identity)
    return identity

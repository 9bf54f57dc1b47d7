"""Which model an index is searched with: the configured one, or the one it was promoted to since, and no other."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike import embedding, factories
from lookalike.errors import ModelMismatch
from lookalike.records import ModelIdentity
from lookalike.settings import Settings, read_settings
from tests.index.documents import COSINE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path)


@pytest.fixture
def ours(settings: Settings) -> ModelIdentity:
    return embedding.identify(factories.model_spec(settings), settings.home)


def theirs() -> ModelIdentity:
    """A model that its name leads to, without a build."""
    spec = embedding.resolve("resnet50-article")
    assert spec.dimension is not None
    return ModelIdentity(spec.name, spec.fingerprint, spec.dimension, spec.metric)


def promoted(settings: Settings, ours: ModelIdentity, to: ModelIdentity) -> ModelIdentity:
    """What the index holds after it was moved to a version of another model."""
    with closing(factories.open_index(settings)) as index, closing(factories.open_versions(settings)) as versions:
        index.ensure(ours)
        versions.move(versions.create(to))
        return index.model()


def test_the_configured_model_is_used_for_its_own_index(settings: Settings, ours: ModelIdentity) -> None:
    assert factories.followed_spec(settings, ours) == factories.model_spec(settings)


def test_an_index_that_never_was_the_configured_models_is_refused(settings: Settings) -> None:
    with closing(factories.open_index(settings)) as index:
        index.ensure(theirs())
    with pytest.raises(ModelMismatch) as error:
        factories.followed_spec(settings, theirs())
    assert "resnet50-article" in str(error.value) and "efficientnet-lite0" in str(error.value)


def test_an_index_is_followed_to_the_model_it_was_promoted_to(settings: Settings, ours: ModelIdentity) -> None:
    held = promoted(settings, ours, theirs())
    assert factories.followed_spec(settings, held).fingerprint == theirs().fingerprint


@pytest.mark.parametrize("to", [COSINE, replace(COSINE, name="resnet50-article")], ids=["unknown", "same name"])
def test_a_promoted_model_that_cannot_be_made_here_is_refused(
    settings: Settings, ours: ModelIdentity, to: ModelIdentity
) -> None:
    held = promoted(settings, ours, to)
    with pytest.raises(ModelMismatch, match=to.fingerprint):
        factories.followed_spec(settings, held)


def test_a_built_model_is_found_by_its_fingerprint_whatever_its_name(settings: Settings, ours: ModelIdentity) -> None:
    spec = replace(embedding.resolve("resnet50"), name="mine", weights="somewhere.keras")
    folder = settings.home / "models" / spec.fingerprint
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"spec": ' + spec.to_json() + "}")
    held = promoted(settings, ours, replace(COSINE, name="mine", fingerprint=spec.fingerprint))
    assert factories.followed_spec(settings, held) == spec

"""An index is searched with the configured model, or with the one that it was promoted to since, and no other."""

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
def configured(settings: Settings) -> ModelIdentity:
    return embedding.identify(factories.model_spec(settings), settings.home)


def other_model() -> ModelIdentity:
    """A model that its name identifies, without building it."""
    spec = embedding.resolve("resnet50-article")
    assert spec.dimension is not None
    return ModelIdentity(spec.name, spec.fingerprint, spec.dimension, spec.metric)


def promoted(settings: Settings, configured: ModelIdentity, to: ModelIdentity) -> ModelIdentity:
    """The model of the index after it was moved to a version of another model."""
    with closing(factories.open_index(settings)) as index, closing(factories.open_versions(settings)) as versions:
        index.ensure(configured)
        versions.move(versions.create(to))
        return index.model()


def test_the_configured_model_is_used_for_its_own_index(settings: Settings, configured: ModelIdentity) -> None:
    assert factories.spec_for_index(settings, configured) == factories.model_spec(settings)


def test_an_index_that_never_had_the_configured_model_is_rejected(settings: Settings) -> None:
    with closing(factories.open_index(settings)) as index:
        index.ensure(other_model())
    chosen = settings.model_copy(update={"model": "efficientnet-lite0"})
    with pytest.raises(ModelMismatch) as error:
        factories.spec_for_index(chosen, other_model())
    assert factories.working_spec(chosen) == factories.model_spec(settings)
    assert "resnet50-article" in str(error.value) and "efficientnet-lite0" in str(error.value)


def test_an_index_decides_its_model_where_none_was_chosen(settings: Settings) -> None:
    assert factories.working_spec(settings) == factories.model_spec(settings)
    with closing(factories.open_index(settings)) as index:
        index.ensure(other_model())
    assert factories.working_spec(settings).fingerprint == other_model().fingerprint
    assert factories.spec_for_index(settings, other_model()).fingerprint == other_model().fingerprint
    assert not factories.is_model_chosen(settings.model_copy(update={"weights": None}))


def test_an_index_is_searched_with_the_model_that_it_was_promoted_to(
    settings: Settings, configured: ModelIdentity
) -> None:
    indexed = promoted(settings, configured, other_model())
    assert factories.spec_for_index(settings, indexed).fingerprint == other_model().fingerprint


@pytest.mark.parametrize("to", [COSINE, replace(COSINE, name="resnet50-article")], ids=["unknown", "same name"])
def test_a_promoted_model_that_cannot_be_built_here_is_rejected(
    settings: Settings, configured: ModelIdentity, to: ModelIdentity
) -> None:
    indexed = promoted(settings, configured, to)
    with pytest.raises(ModelMismatch, match=to.fingerprint):
        factories.spec_for_index(settings, indexed)


def test_a_built_model_is_found_by_its_fingerprint_whatever_its_name(
    settings: Settings, configured: ModelIdentity
) -> None:
    spec = replace(embedding.resolve("resnet50"), name="mine", weights="somewhere.keras")
    folder = settings.home / "models" / spec.fingerprint
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"spec": ' + spec.to_json() + "}")
    indexed = promoted(settings, configured, replace(COSINE, name="mine", fingerprint=spec.fingerprint))
    assert factories.spec_for_index(settings, indexed) == spec

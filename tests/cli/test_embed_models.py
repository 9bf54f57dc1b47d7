"""What the names of `evaluate --models` mean, and which of them a file of weights is for."""

from pathlib import Path

import pytest
from lookalike_evaluation.embed_models import entries

from lookalike.embedding import Head
from lookalike.errors import BadSetting
from lookalike.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    weights = tmp_path / "weights.keras"
    weights.write_bytes(b"never built")
    return read_settings(home=tmp_path, weights=weights, preprocessing="caffe")


def test_weights_serve_every_variant_of_their_backbone_and_no_model_with_its_own(settings: Settings) -> None:
    names = ("efficientnet-lite0", "resnet50-article", "resnet50:gem", "resnet50:flip+pca", "resnet50+classifier")
    given = {entry.name: entry for entry in entries(settings, names)}
    assert tuple(given) == names
    assert {name for name in names if given[name].spec.weights == str(settings.weights)} == set(names[1:])
    assert given["resnet50:flip+pca"].spec.head is Head.POOLED and given["resnet50:flip+pca"].spec.flip
    assert [name for name in names if given[name].fit_on] == ["resnet50:flip+pca", "resnet50+classifier"]


def test_weights_for_two_backbones_are_refused(settings: Settings) -> None:
    with pytest.raises(BadSetting, match=r"MobileNetV2 and of ResNet50"):
        entries(settings, ["resnet50", "mobilenetv2"])

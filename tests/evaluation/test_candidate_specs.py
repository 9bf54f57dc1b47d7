"""How `evaluate --models` resolves names, and which of them use a file of weights."""

from pathlib import Path

import pytest

from lookalike.embedding import Head
from lookalike.errors import BadSetting
from lookalike.settings import Settings, read_settings
from lookalike_evaluation.candidate_specs import candidate_specs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    weights = tmp_path / "weights.keras"
    weights.write_bytes(b"never built")
    return read_settings(home=tmp_path, weights=weights, preprocessing="caffe")


def test_weights_apply_to_every_variant_of_their_backbone_but_not_to_models_with_their_own(settings: Settings) -> None:
    names = ("efficientnet-lite0", "resnet50-article", "resnet50:gem", "resnet50:flip+pca", "resnet50+classifier")
    specs = {entry.name: entry for entry in candidate_specs(settings, names)}
    assert tuple(specs) == names
    assert {name for name in names if specs[name].spec.weights == str(settings.weights)} == set(names[1:])
    assert specs["resnet50:flip+pca"].spec.head is Head.POOLED and specs["resnet50:flip+pca"].spec.flip
    assert [name for name in names if specs[name].fit_on] == ["resnet50:flip+pca", "resnet50+classifier"]


def test_weights_for_two_backbones_are_refused(settings: Settings) -> None:
    with pytest.raises(BadSetting, match=r"both MobileNetV2 and ResNet50"):
        candidate_specs(settings, ["resnet50", "mobilenetv2"])

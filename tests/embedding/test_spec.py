"""Names, files and fingerprints."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.embedding import NAMED, Head, ModelSpec, Pooling, Preprocessing, resolve
from lookalike.embedding.specs.spec import FILE
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Metric


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.keras"
    path.write_bytes(b"weights")
    return path


def test_a_name_is_found_in_any_case() -> None:
    assert resolve("ResNet50") == resolve("resnet50")
    assert resolve("resnet50").backbone == "ResNet50"
    assert resolve("EfficientNetV2B0").preprocessing is Preprocessing.NONE
    assert resolve("DenseNet121").preprocessing is Preprocessing.TORCH


def test_every_class_of_keras_applications_is_known() -> None:
    from lookalike.embedding.graph.backend import keras

    classes = {name for name in dir(keras.applications) if name[0].isupper()}
    known = {spec.backbone for spec in NAMED.values() if spec.weights == "imagenet"}
    assert known == classes


def test_the_article_model_uses_l2_and_the_others_cosine() -> None:
    assert resolve("resnet50-article").metric is Metric.L2
    assert resolve("resnet50").metric is Metric.COSINE


@pytest.mark.parametrize("name", ["resnet50", "resnet50-article", "efficientnet-lite0", "vgg16"])
def test_the_dimension_of_a_named_model_is_known_without_a_build(name: str) -> None:
    assert resolve(name).dimension == 256


def test_an_unknown_name_is_refused_with_similar_names() -> None:
    with pytest.raises(BadSetting, match="resnet50"):
        resolve("resnet5O")
    with pytest.raises(BadSetting, match="efficientnet-lite0"):
        resolve("qqqqqq")


def test_a_file_without_preprocessing_is_refused_with_the_choices(file: Path) -> None:
    with pytest.raises(BadSetting, match="caffe, tf, torch, lite, clip or none"):
        resolve(str(file))


def test_an_unknown_preprocessing_is_refused_with_the_choices(file: Path) -> None:
    with pytest.raises(BadSetting, match="caffe, tf, torch, lite, clip or none"):
        resolve(str(file), preprocessing="blur")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"absent\.keras cannot be read"):
        resolve(str(tmp_path / "absent.keras"), preprocessing="tf")
    with pytest.raises(ModelUnavailable, match=r"absent\.keras cannot be read"):
        resolve("resnet50", weights=tmp_path / "absent.keras")


def test_weights_in_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"is not a \.keras file"):
        resolve("resnet50", weights=tmp_path / "resnet50.h5")


def test_weights_replace_those_of_a_named_backbone_and_keep_its_preprocessing(file: Path) -> None:
    spec = resolve("resnet50-article", weights=file)
    assert (spec.name, spec.backbone, spec.preprocessing, spec.head) == (
        "resnet50-article",
        FILE,
        Preprocessing.CAFFE,
        Head.ARTICLE,
    )
    assert resolve("resnet50", weights=file, preprocessing="tf").preprocessing is Preprocessing.TF


def test_a_model_file_accepts_no_weights(file: Path) -> None:
    with pytest.raises(BadSetting, match="takes no weights"):
        resolve(str(file), weights=file, preprocessing="tf")


def test_a_copied_file_has_the_same_fingerprint(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "other.keras"
    copy.parent.mkdir()
    shutil.copy(file, copy)
    here, there = (resolve(str(path), preprocessing="caffe") for path in (file, copy))
    assert here.name != there.name
    assert here.fingerprint == there.fingerprint == resolve("resnet50", weights=file).fingerprint


def test_everything_that_affects_a_vector_changes_the_fingerprint(file: Path) -> None:
    spec = resolve(str(file), preprocessing="caffe")
    changed = [
        replace(spec, preprocessing=Preprocessing.TF),
        replace(spec, head=Head.ARTICLE),
        replace(spec, head=Head.POOLED),
        replace(spec, pooling=Pooling.GEM),
        replace(spec, flip=True),
        replace(spec, size=256),
        replace(spec, head=Head.PCA, head_sha256="1"),
        replace(spec, head=Head.PCA, head_sha256="2"),
    ]
    file.write_bytes(b"other weights")
    changed.append(resolve(str(file), preprocessing="caffe"))
    assert len({spec.fingerprint, *(other.fingerprint for other in changed)}) == 10


def test_fingerprints_never_change_because_indexes_store_them() -> None:
    assert resolve("efficientnet-lite0").fingerprint == "08e031593f954b99"


def test_no_two_named_models_share_a_fingerprint() -> None:
    assert len({spec.fingerprint for spec in NAMED.values()}) == len(NAMED)


@pytest.mark.parametrize("name", ["resnet50-article", "efficientnet-lite0", "inceptionv3:gem+flip+pooled"])
def test_a_spec_survives_json(name: str) -> None:
    spec = resolve(name)
    again = ModelSpec.from_json(spec.to_json())
    assert again == spec
    assert again.fingerprint == spec.fingerprint
    assert (again.head, again.pooling) == (spec.head, spec.pooling)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}'])
def test_text_that_is_not_a_spec_is_rejected(text: str) -> None:
    with pytest.raises(BadSetting, match="not the description of a model"):
        ModelSpec.from_json(text)


@pytest.mark.parametrize("name", ["a.onnx", "a.xml", "a.keras", "pair/lookalike.json"])
def test_a_model_that_is_no_regular_file_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    model = path.parent if path.suffix == ".json" else path
    with pytest.raises(ModelUnavailable, match="cannot be read: it is not a regular file"):
        resolve(str(model), preprocessing=None if path.suffix == ".json" else "tf")

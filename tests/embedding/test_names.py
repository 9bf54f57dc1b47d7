"""Options behind a name or a file, and the names of fitted models."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding import Head, Layer, ModelSpec, Origin, Pooling, resolve
from lookalike.embedding.artifacts import fitted
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.errors import BadSetting, ModelUnavailable

ORIGIN = Origin("base", 9, 3, 0, "2026-01-01T00:00:00+00:00", {"scikit-learn": "1"})


def keep(home: Path, base: ModelSpec, name: str = "mine", value: float = 1.0) -> fitted.FittedHead:
    layers = [Layer(np.full((1280, 3), value, np.float32), np.zeros(3, np.float32))]
    return fitted.write(home, name, replace(base, head=Head.POOLED), Head.LDA, layers, ORIGIN)


def test_options_choose_head_pooling_and_flip_in_any_order() -> None:
    spec = resolve("ResNet50:FLIP+gem+pooled")
    assert (spec.head, spec.pooling, spec.flip) == (Head.POOLED, Pooling.GEM, True)
    assert spec.name == "resnet50:pooled+gem+flip"
    assert resolve(spec.name) == spec
    assert resolve("resnet50:projected+average") == resolve("resnet50")
    assert resolve("resnet50:article").fingerprint == resolve("resnet50-article").fingerprint


def test_a_file_accepts_the_options_of_a_name(small_file: Path) -> None:
    spec = resolve(f"{small_file}:pooled+flip", preprocessing="none")
    assert (spec.name, spec.head, spec.flip) == ("small:pooled+flip", Head.POOLED, True)
    assert resolve("resnet50:gem", weights=small_file).pooling is Pooling.GEM


@pytest.mark.parametrize("model", ["resnet50:sharp", "resnet50:", "resnet50:gem+average", "resnet50:pooled+article"])
def test_unknown_or_conflicting_options_are_refused(model: str) -> None:
    with pytest.raises(BadSetting, match=r"no option|not both"):
        resolve(model)


def test_a_model_names_the_size_of_the_images_it_was_trained_on() -> None:
    sizes = {name: resolve(name).size for name in ("resnet50", "inceptionv3", "efficientnetb7", "nasnetlarge")}
    assert sizes == {"resnet50": 224, "inceptionv3": 299, "efficientnetb7": 600, "nasnetlarge": 331}


def test_a_file_names_the_size_of_its_images(tmp_path: Path, sized_file: Path) -> None:
    assert resolve(str(sized_file), preprocessing="none").size == 96
    assert resolve("resnet50", weights=sized_file).size == 96
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no model")
    assert resolve(str(broken), preprocessing="none").size == IMAGE_SIZE


@pytest.mark.parametrize(
    "config", [b"[" * 100_000, b" " * (1 << 26) + b"{}", b'{"config": {"layers": [{"config": 0}]}}']
)
def test_a_file_whose_description_cannot_be_read_has_the_usual_size(config: bytes, tmp_path: Path) -> None:
    path = described(tmp_path, config)
    assert resolve(str(path), preprocessing="none").size == IMAGE_SIZE
    # A compression that nobody has.
    path.write_bytes(path.read_bytes().replace(b"\x14\x00\x00\x00\x08\x00", b"\x14\x00\x00\x00\x63\x00"))
    assert resolve(str(path), preprocessing="none").size == IMAGE_SIZE


def test_a_file_that_takes_images_of_no_real_size_is_refused(tmp_path: Path) -> None:
    layer = {"config": {"batch_shape": [None, 10**6, 10**6, 3]}}
    path = described(tmp_path, json.dumps({"config": {"layers": [layer]}}).encode())
    with pytest.raises(BadSetting, match="1000000 pixels are no input"):
        resolve(str(path), preprocessing="none")


def described(folder: Path, config: bytes) -> Path:
    path = folder / "described.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config)
    return path


def test_a_fitted_model_is_found_by_its_name_and_describes_itself(tmp_path: Path) -> None:
    base = resolve("efficientnet-lite0:flip")
    head = keep(tmp_path, base)
    spec = resolve("Mine", home=tmp_path)
    assert spec == head.spec
    assert (spec.name, spec.head, spec.flip, spec.dimension) == ("mine", Head.LDA, True, 3)
    assert ModelSpec.from_json(spec.to_json()) == spec
    assert fitted.read(tmp_path, "mine").origin == ORIGIN
    assert fitted.names(tmp_path) == ["mine"]
    with pytest.raises(BadSetting, match="no model named"):
        resolve("mine")


def test_an_unknown_model_without_a_similar_name_lists_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"Known are .*, resnet50 and resnet50-article"):
        resolve("foo")


def test_the_fingerprint_of_a_fitted_model_depends_on_its_numbers_and_its_base(tmp_path: Path) -> None:
    base = resolve("efficientnet-lite0")
    first = keep(tmp_path, base).spec
    later = replace(ORIGIN, fitted_at="2027-01-01T00:00:00+00:00")
    layers = fitted.layers_of(first)
    again = fitted.write(tmp_path, "again", replace(base, head=Head.POOLED), Head.LDA, layers, later).spec
    others = [keep(tmp_path, base, "other", 2.0).spec, keep(tmp_path, resolve("efficientnet-lite0:gem"), "gem").spec]
    assert again.fingerprint == first.fingerprint
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 3


def test_a_fitted_model_accepts_no_options_and_no_other_preprocessing(tmp_path: Path) -> None:
    keep(tmp_path, resolve("efficientnet-lite0"))
    with pytest.raises(BadSetting, match="takes no other"):
        resolve("mine:flip", home=tmp_path)
    with pytest.raises(BadSetting, match="preprocessing lite, not tf"):
        resolve("mine", home=tmp_path, preprocessing="tf")


def test_a_fitted_model_remembers_its_weights_and_recognizes_them_after_a_move(
    tmp_path: Path, small_file: Path, sized_file: Path
) -> None:
    spec = keep(tmp_path, resolve("resnet50", weights=small_file)).spec
    assert resolve("mine", home=tmp_path).weights == str(small_file)
    moved = tmp_path / "moved.keras"
    moved.write_bytes(small_file.read_bytes())
    assert resolve("mine", home=tmp_path, weights=moved) == replace(spec, weights=str(moved))
    with pytest.raises(BadSetting, match="another model"):
        resolve("mine", home=tmp_path, weights=sized_file)


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "../up", "a.keras", "-a", "a:gem", "a+lda", "x" * 65])
def test_an_ambiguous_or_invalid_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be named"):
        fitted.check_name(tmp_path, name, replace_existing=False)


def test_an_existing_name_is_refused_without_replace(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="not a fitted model"):
        fitted.check_name(tmp_path, "resnet50", replace_existing=True)
    keep(tmp_path, resolve("efficientnet-lite0"))
    with pytest.raises(BadSetting, match="--replace"):
        fitted.check_name(tmp_path, "mine", replace_existing=False)
    fitted.check_name(tmp_path, "mine", replace_existing=True)


def test_a_damaged_or_missing_fitted_model_is_named(tmp_path: Path) -> None:
    spec = keep(tmp_path, resolve("efficientnet-lite0")).spec
    path = Path(spec.head_file or "")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match=r"mine\.npz is damaged"):
        resolve("mine", home=tmp_path)
    keep(tmp_path, resolve("efficientnet-lite0"), value=2.0)
    with pytest.raises(ModelUnavailable, match="has been replaced"):
        fitted.layers_of(spec)
    path.unlink()
    with pytest.raises(ModelUnavailable, match="does not exist"):
        fitted.layers_of(spec)


def test_a_fitted_model_file_contains_only_numbers(tmp_path: Path) -> None:
    path = tmp_path / "fitted" / "evil.npz"
    path.parent.mkdir()
    np.savez(path, about=np.array([object()], dtype=object), kernel_0=np.ones((2, 2)), bias_0=np.ones(2))
    with pytest.raises(ModelUnavailable, match="damaged"):
        resolve("evil", home=tmp_path)


def test_a_home_that_cannot_be_written_is_named_and_left_unchanged(tmp_path: Path) -> None:
    (tmp_path / "fitted").write_text("")
    with pytest.raises(ModelUnavailable, match="LOOKALIKE_HOME"):
        keep(tmp_path, resolve("efficientnet-lite0"))


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.savez

    def interrupted(file: object, **arrays: object) -> None:
        whole(file, **arrays)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path, resolve("efficientnet-lite0"))
    assert list((tmp_path / "fitted").iterdir()) == []

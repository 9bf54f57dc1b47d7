"""Text sides in files and folders, and the fingerprint of a pair."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import Head, Layer, ModelSpec, Origin, resolve
from lookalike.embedding.artifacts import fitted
from lookalike.embedding.specs.pairs import MANIFEST, files_of, paired
from lookalike.embedding.text.files import MAX_TOKENIZER_BYTES, TextFiles, side_of
from lookalike.errors import BadSetting, ModelUnavailable
from tests.embedding.text_encoders import mean_encoder, saved


@pytest.fixture
def files(tmp_path: Path) -> TextFiles:
    """Files of a text side that only their digests are taken of."""
    for name in ("text.keras", "tokenizer.json", "image.keras"):
        (tmp_path / name).write_bytes(name.encode())
    return TextFiles(tmp_path / "text.keras", tmp_path / "tokenizer.json")


def pair(folder: Path, files: TextFiles) -> ModelSpec:
    return resolve(str(folder / "image.keras"), preprocessing="none", text=files)


def describe(folder: Path, **changed: Any) -> str:
    """Write a manifest; returns the folder as --model takes it."""
    manifest = {
        "image": {"model": "image.keras", "preprocessing": "none"},
        "text": {"model": "text.keras", "tokenizer": "tokenizer.json"},
    }
    (folder / MANIFEST).write_text(json.dumps({**manifest, **changed}))
    return str(folder)


def test_a_pair_has_one_fingerprint_over_both_sides(tmp_path: Path, files: TextFiles) -> None:
    alone = resolve(str(tmp_path / "image.keras"), preprocessing="none")
    specs = [alone, pair(tmp_path, files), pair(tmp_path, replace(files, length=9))]
    specs += [pair(tmp_path, replace(files, is_padded=True)), pair(tmp_path, replace(files, is_lowercase=True))]
    specs += [pair(tmp_path, replace(files, output="text_embeds")), pair(tmp_path, replace(files, padding="</s>"))]
    for name in ("text.keras", "tokenizer.json", "image.keras"):
        (tmp_path / name).write_bytes(b"another")
        specs.append(pair(tmp_path, files))
    assert len({spec.fingerprint for spec in specs}) == len(specs)


def test_the_fingerprint_of_a_pair_depends_on_no_path(tmp_path: Path, files: TextFiles) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in (files.model, files.tokenizer):
        (moved / path.name).write_bytes(path.read_bytes())
    there = pair(tmp_path, TextFiles(moved / "text.keras", moved / "tokenizer.json"))
    assert there.fingerprint == pair(tmp_path, files).fingerprint and there.text != pair(tmp_path, files).text


def test_a_model_without_a_text_side_is_described_as_before() -> None:
    assert "text" not in json.loads(resolve("efficientnet-lite0").to_json())
    assert resolve("efficientnet-lite0").fingerprint == "08e031593f954b99"


def test_a_pair_survives_a_message(tmp_path: Path, files: TextFiles) -> None:
    spec = pair(tmp_path, files)
    assert ModelSpec.from_json(spec.to_json()) == spec and spec.text is not None
    with pytest.raises(BadSetting, match="not the description of a model"):
        ModelSpec.from_json(json.dumps({**json.loads(spec.to_json()), "text": {"model": "text.keras"}}))


def test_images_of_a_pair_keep_the_vectors_of_their_encoder(tmp_path: Path, files: TextFiles) -> None:
    assert pair(tmp_path, files).head is Head.POOLED
    for options in (":article", ":gem"):
        with pytest.raises(BadSetting, match="not those of an encoder"):
            resolve(f"{tmp_path / 'image.keras'}{options}", preprocessing="none", text=files)
    quantized = replace(resolve("efficientnet-lite0"), graph_file="graph.zip", graph_sha256="", graph_dimension=256)
    with pytest.raises(BadSetting, match="not those of an encoder"):
        paired(quantized, files)
    assert paired(replace(quantized, head=Head.POOLED), files).has_graph_file


def test_a_head_that_is_fitted_to_a_pair_leaves_its_texts_behind(tmp_path: Path, files: TextFiles) -> None:
    layers = [Layer(np.ones((4, 3), np.float32), np.zeros(3, np.float32))]
    origin = Origin("base", 9, 3, 0, "2026-01-01T00:00:00+00:00", {})
    assert fitted.write(tmp_path, "mine", pair(tmp_path, files), Head.LDA, layers, origin).spec.text is None


def test_a_folder_with_a_manifest_is_the_model_that_its_files_are(tmp_path: Path, files: TextFiles) -> None:
    spec = resolve(describe(tmp_path))
    assert spec == replace(pair(tmp_path, files), name=tmp_path.name)
    text = {"model": "text.keras", "tokenizer": "tokenizer.json", "length": 9, "pad": True, "pad_token": "</s>"}
    text |= {"lowercase": True, "output": "text_embeds"}
    described = replace(files, length=9, is_padded=True, padding="</s>", is_lowercase=True, output="text_embeds")
    assert resolve(describe(tmp_path, text=text)).text == side_of(described)
    assert resolve(describe(tmp_path, text=None)).text is None


def test_the_configuration_beside_a_tokenizer_says_after_how_many_tokens_a_text_is_cut(
    tmp_path: Path, files: TextFiles
) -> None:
    beside = tmp_path / "tokenizer_config.json"
    for content, length in (('{"model_max_length": 77}', 77), ('{"model_max_length": 1e30}', None), ("[", None)):
        beside.write_text(content)
        assert side_of(files).length == length
    beside.write_text('{"model_max_length": 77}')
    assert side_of(replace(files, length=20)).length == 20


def test_the_configuration_beside_a_tokenizer_names_the_token_that_fills_up_texts(
    tmp_path: Path, files: TextFiles
) -> None:
    beside = tmp_path / "tokenizer_config.json"
    for content in ('{"pad_token": "</s>"}', '{"pad_token": {"content": "</s>", "lstrip": false}}'):
        beside.write_text(content)
        assert side_of(files).padding == "</s>"
    assert side_of(replace(files, padding="<pad>")).padding == "<pad>"
    for content in ('{"pad_token": null}', '{"pad_token": {}}', '["pad_token"]', "no JSON"):
        beside.write_text(content)
        assert side_of(files).padding is None


def test_all_files_of_a_graph_count(tmp_path: Path) -> None:
    files = saved(mean_encoder(), tmp_path)
    digest = side_of(files).model_sha256
    numbers = tmp_path / "text.bin"
    numbers.write_bytes(numbers.read_bytes()[::-1])
    assert side_of(files).model_sha256 != digest
    numbers.unlink()
    with pytest.raises(ModelUnavailable, match=r"text\.bin"):
        side_of(files)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no description of a model"),
        ("[]", "is no description of a model"),
        ('{"text": {}}', "image: Field required"),
        ('{"image": {"model": 5}}', "image.model"),
        ('{"image": {"model": "image.keras", "colour": 1}}', "image.colour: Extra inputs"),
        ('{"image": {"model": "image.keras"}, "text": {"model": "t", "tokenizer": "t", "length": 0}}', "text.length"),
        ('{"image": {"model": "../image.keras"}}', "outside its folder"),
        ('{"image": {"model": "/image.keras"}}', "outside its folder"),
    ],
)
def test_a_manifest_that_says_nothing_usable_is_refused_with_a_sentence(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(BadSetting, match=said):
        resolve(str(tmp_path))


def test_a_folder_takes_no_further_options_and_needs_its_manifest(tmp_path: Path, files: TextFiles) -> None:
    with pytest.raises(BadSetting, match=f"has no {MANIFEST}"):
        resolve(str(tmp_path))
    model = describe(tmp_path)
    for given in ({"preprocessing": "none"}, {"weights": files.model}, {"text": files}):
        with pytest.raises(BadSetting, match="describes its whole model"):
            resolve(model, **given)


def test_a_folder_of_the_working_folder_passes_for_no_name(
    tmp_path: Path, files: TextFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "efficientnet-lite0"
    named.mkdir()
    (tmp_path / "image.keras").rename(named / "image.keras")
    describe(named, text=None)
    monkeypatch.chdir(tmp_path)
    assert resolve("efficientnet-lite0").backbone == "EfficientNetLite0"
    assert resolve("./efficientnet-lite0").weights == str(named / "image.keras")


def test_one_file_of_a_text_side_is_not_enough(files: TextFiles) -> None:
    assert files_of(None, None) is None
    assert files_of(files.model, files.tokenizer) == files
    with pytest.raises(BadSetting, match=r"no tokenizer to .*text\.keras"):
        files_of(files.model, None)
    with pytest.raises(BadSetting, match=r"no text encoder to .*tokenizer\.json"):
        files_of(None, files.tokenizer)


def test_files_that_cannot_be_text_sides_are_refused_with_a_sentence(tmp_path: Path, files: TextFiles) -> None:
    with pytest.raises(BadSetting, match="not a text encoder that can be read"):
        side_of(replace(files, model=tmp_path / "text.pt"))
    with pytest.raises(ModelUnavailable, match=r"none\.keras cannot be read: No such file"):
        side_of(replace(files, model=tmp_path / "none.keras"))
    with pytest.raises(ModelUnavailable, match=r"tokenizer .* cannot be read: it is not a regular file"):
        side_of(replace(files, tokenizer=tmp_path))
    with pytest.raises(BadSetting, match="0 is no number of tokens"):
        side_of(replace(files, length=0))
    with files.tokenizer.open("wb") as file:
        file.truncate(MAX_TOKENIZER_BYTES + 1)
    with pytest.raises(ModelUnavailable, match="more than 268,435,456 bytes"):
        side_of(files)

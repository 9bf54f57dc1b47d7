"""The word vectors of the install: what they make of a text, and what may be done to the model that has them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding import ModelSpec, TextEncoder, is_readable, load_text, resolve
from lookalike.embedding.specs.spec_lookup import spec_of
from lookalike.embedding.text import words
from lookalike.embedding.text.side import WORDS
from lookalike.errors import BadQuery, BadSetting, ModelUnavailable
from lookalike.records import Metric, ModelIdentity
from lookalike.samples import PAINTERS
from testing.text_pair.captions import COLOURS
from testing.text_pair.held_back import HeldBack, hits
from testing.text_pair.word_vectors import fitted, words_of, write

IDENTITY = ModelIdentity("demo-pair", resolve("demo-pair").fingerprint, 256, Metric.COSINE)
LOADED = """
import sys
from pathlib import Path
from lookalike.embedding import load_text, resolve
load_text(resolve("demo-pair"), None, home=Path("missing"))(["rings"])
print(*sorted({"openvino", "tokenizers"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    return load_text(resolve("demo-pair"), IDENTITY, home=tmp_path_factory.mktemp("home"))


def test_every_colour_and_class_has_words(encode: TextEncoder) -> None:
    known = [*COLOURS, *(word for label in PAINTERS for word in words_of(label))]
    vectors = encode(known)
    assert vectors.shape == (len(known), 256) and vectors.dtype == np.float32 and encode.identity == IDENTITY
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_capitals_and_other_words_do_not_count(encode: TextEncoder) -> None:
    plain, capital, longer = encode(["blue rings", "BLUE Rings", "a picture of rings, rather blue"])
    assert np.array_equal(plain, capital)
    np.testing.assert_allclose(longer, plain, atol=1e-6)
    with pytest.raises(BadQuery, match="knows no word of 'a dog'"):
        encode(["rings", "a dog"])


def test_images_have_the_vectors_of_the_default_model() -> None:
    pair, default = resolve("demo-pair"), resolve("efficientnet-lite0")
    assert replace(pair, name=default.name, text=None) == default
    assert pair.fingerprint != default.fingerprint and pair.dimension == 256


def test_the_pair_is_found_again_by_its_fingerprint_and_survives_a_message(tmp_path: Path) -> None:
    assert spec_of(IDENTITY, tmp_path) == resolve("demo-pair")
    assert ModelSpec.from_json(resolve("demo-pair").to_json()) == resolve("demo-pair")


@pytest.mark.parametrize("option", ["pooled", "gem", "flip+pooled", "article"])
def test_options_that_change_the_space_are_refused(option: str) -> None:
    with pytest.raises(BadSetting, match="has a text side, which belongs to the vectors"):
        resolve(f"demo-pair:{option}")


def test_options_of_files_are_refused_and_those_of_speed_are_not(tmp_path: Path) -> None:
    (tmp_path / "other.keras").write_bytes(b"another model")
    for given in ({"weights": tmp_path / "other.keras"}, {"preprocessing": "caffe"}):
        with pytest.raises(BadSetting, match="has a text side"):
            resolve("demo-pair", **given)
    assert resolve("demo-pair:flip+int8", preprocessing="lite").text == WORDS


def test_words_of_another_release_are_refused() -> None:
    former = replace(WORDS, model_sha256="0" * 64, tokenizer_sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match="of another release"):
        words.WordEncoder(former, IDENTITY)


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / words.FILE, {"rings": np.ones(256, np.float32)})
    monkeypatch.setattr(words, "files", lambda package: tmp_path)
    with pytest.raises(ModelUnavailable, match="not those of this release"):
        words.WordEncoder(WORDS, IDENTITY)
    (tmp_path / words.FILE).unlink()
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        words.WordEncoder(WORDS, IDENTITY)


def test_words_need_neither_openvino_nor_the_library_tokenizers(tmp_path: Path) -> None:
    assert is_readable(WORDS)
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def test_words_are_fitted_to_what_drawings_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    shown = [(colour, label) for colour in COLOURS for label in PAINTERS] * 4
    features = {name: random.standard_normal(64) for name in (*COLOURS, *PAINTERS)}
    vectors = np.stack([features[colour] + features[label] for colour, label in shown]) + random.normal(
        0, 0.1, (768, 64)
    )
    drawn = HeldBack((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), shown)
    write(tmp_path / words.FILE, fitted(drawn))
    monkeypatch.setattr(words, "_data", lambda side: (tmp_path / words.FILE).read_bytes())
    assert min(hits(drawn, words.WordEncoder(WORDS, IDENTITY)).values()) == 1

"""`lookalike model add` of a pair of encoders: both sides are tried, and kept with their tokenizer."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding import identify, load_text, resolve
from testing.processes import answer
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path_factory.mktemp("home"))}


def test_a_pair_is_tried_with_words_and_kept_whole(
    environment: dict[str, str], text_pair: Path, tmp_path: Path
) -> None:
    brought, home = tmp_path / "brought", Path(environment["LOOKALIKE_HOME"])
    shutil.copytree(text_pair, brought)
    facts = answer(lookalike(environment, "model", "add", brought, "--name", "words", "--json"))
    assert facts["texts_found"] > 0.9 and facts["ms_per_text"] > 0 and facts["notes"] == []
    shutil.rmtree(brought)
    spec = resolve("words", home=home)
    assert spec.fingerprint == facts["fingerprint"] == resolve(str(text_pair)).fingerprint
    assert spec.text is not None and Path(spec.text.model).is_relative_to(home)
    # Nothing but the copies is needed to build both sides again.
    copied = load_text(spec, identify(spec, tmp_path), home=tmp_path)(["a picture of rings"])
    original = load_text(resolve(str(text_pair)), identify(spec, tmp_path), home=tmp_path)(["a picture of rings"])
    np.testing.assert_array_equal(copied, original)


def test_a_tokenizer_of_another_model_is_noticed(environment: dict[str, str], text_pair: Path, tmp_path: Path) -> None:
    """Its words have other numbers: a text finds something else than it says."""
    words = (text_pair / "tokenizer.json").read_text()
    (tmp_path / "tokenizer.json").write_text(words.replace('"citrus"', '"zzz"').replace('"rings"', '"yyy"'))
    image = str(text_pair / "image.xml")
    options = ["--preprocessing", "none", "--text-model", text_pair / "text.xml"]
    named = [*options, "--tokenizer", tmp_path / "tokenizer.json", "--name", "less", "--json"]
    whole = [*options, "--tokenizer", text_pair / "tokenizer.json", "--name", "more", "--json"]
    less, more = (answer(lookalike(environment, "model", "add", image, *each)) for each in (named, whole))
    assert less["texts_found"] < more["texts_found"]
    (tmp_path / "tokenizer.json").write_text("{}")
    refused = lookalike(environment, "model", "add", image, *named[:-3], "--name", "none", code=1)
    assert "tokenizer.json cannot be used" in refused.stderr

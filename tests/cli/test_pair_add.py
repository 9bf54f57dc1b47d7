"""`lookalike model add` of a pair of encoders: both sides are tried, and kept with their tokenizer."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding import load_text, resolve
from lookalike.records import Metric, ModelIdentity
from testing.processes import answer
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path_factory.mktemp("home"))}


@pytest.fixture(scope="module")
def facts(environment: dict[str, str], text_pair: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command printed for the pair that it kept, whose own files are gone."""
    brought = tmp_path_factory.mktemp("brought") / "pair"
    shutil.copytree(text_pair, brought)
    printed = answer(lookalike(environment, "model", "add", brought, "--name", "words", "--json"))
    shutil.rmtree(brought)
    return printed


def test_a_pair_is_tried_with_words_and_kept_whole(
    environment: dict[str, str], facts: dict[str, Any], text_pair: Path, tmp_path: Path
) -> None:
    assert facts["texts_found"] > 0.9 and facts["ms_per_text"] > 0 and facts["notes"] == []
    home, identity = Path(environment["LOOKALIKE_HOME"]), ModelIdentity("words", "", facts["dimension"], Metric.COSINE)
    kept, original = resolve("words", home=home), resolve(str(text_pair))
    assert kept.fingerprint == facts["fingerprint"] == original.fingerprint
    assert kept.text is not None and Path(kept.text.model).is_relative_to(home)
    # Nothing but the copies is needed to build the text side again.
    copied, first = (load_text(spec, identity, home=tmp_path / spec.name)(["rings"]) for spec in (kept, original))
    np.testing.assert_array_equal(copied, first)


def test_a_tokenizer_of_another_model_finds_less(
    environment: dict[str, str], facts: dict[str, Any], text_pair: Path, tmp_path: Path
) -> None:
    words = (text_pair / "tokenizer.json").read_text()
    for number, label in enumerate(("citrus", "rings", "stripes", "waves")):
        words = words.replace(f'"{label}"', f'"unknown{number}"')
    (tmp_path / "tokenizer.json").write_text(words)
    files = ["--text-model", text_pair / "text.xml", "--tokenizer", tmp_path / "tokenizer.json"]
    options = ["--preprocessing", "none", *files, "--name", "less", "--json"]
    less = answer(lookalike(environment, "model", "add", text_pair / "image.xml", *options))
    assert less["texts_found"] < facts["texts_found"]

"""`lookalike model fit` on drawn images and a model of a few layers."""

import json
import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.embedding import load, resolve
from testing.processes import answer, started
from tests.cli.inprocess import lookalike
from tests.cli.test_json_contracts import missing

SIZE = 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of six images; also a class of one, an empty class, an unlabelled and an invalid image."""
    root = tmp_path_factory.mktemp("images")
    random = np.random.RandomState(3)
    for name, colour in {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}.items():
        for number in range(6):
            _draw(root / name / f"{number}.png", colour, random)
    _draw(root / "alone" / "0.png", (9, 9, 9), random)
    _draw(root / "loose.png", (99, 99, 9), random)
    (root / "empty").mkdir()
    (root / "red" / "notes.jpg").write_text("no image")
    return root


def _draw(path: Path, colour: tuple[int, int, int], random: np.random.RandomState) -> None:
    path.parent.mkdir(exist_ok=True)
    pixels = np.array(colour) + random.randint(-40, 41, (SIZE, SIZE, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home of its own, and a model that takes images of 64 x 64."""
    from lookalike.embedding.graph.backend import keras

    home = tmp_path_factory.mktemp("home")
    keras.utils.set_random_seed(2)
    inputs = keras.Input((SIZE, SIZE, 3))
    outputs = keras.layers.Conv2D(24, 7, strides=8, activation="relu")(inputs)
    with warnings.catch_warnings():
        # Keras 3.15 copies variables in a way that NumPy 2.4 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        keras.Model(inputs, outputs).save(home / "tiny.keras")
    return {
        **os.environ,
        "LOOKALIKE_HOME": str(home),
        "LOOKALIKE_MODEL": f"{home}/tiny.keras:flip",
        "LOOKALIKE_PREPROCESSING": "tf",
    }


def _fitted(environment: dict[str, str]) -> list[str]:
    return sorted(path.name for path in Path(environment["LOOKALIKE_HOME"], "fitted").glob("*"))


def test_a_model_is_fitted_listed_described_and_used(environment: dict[str, str], folder: Path) -> None:
    done = lookalike(environment, "model", "fit", folder, "--head", "lda", "--name", "colours", "--json")
    facts = answer(done)
    assert missing(facts, "model fit") == []
    assert (facts["head"], facts["dimension"], facts["size"], facts["flip"]) == ("lda", 2, SIZE, True)
    assert (facts["pictures"], facts["classes"], facts["rejected"]) == (18, 3, 1)
    for word in ("notes.jpg", "alone", "no label", "empty", "2 dimensions, not 256"):
        assert word in done.stderr
    listed = answer(lookalike(environment, "model", "list", "--json"))["models"][0]
    assert (listed["name"], listed["head"], listed["fingerprint"]) == ("colours", "lda", facts["fingerprint"])
    described = answer(lookalike(environment, "model", "info", "colours", "--json"))
    assert described["versions"]["scikit-learn"] and described["fitted_at"] == facts["fitted_at"]
    home = Path(environment["LOOKALIKE_HOME"])
    embed = load(resolve("colours", home=home), home=home, runtime="tensorflow", precision="f32")
    paths = sorted(folder.glob("*/[0-5].png"))
    vectors = embed(np.stack([np.asarray(Image.open(path)) for path in paths if path.parent.name != "alone"]))
    near = np.argsort(-(vectors @ vectors.T), axis=1)[:, 1]
    assert all(near // 6 == np.arange(18) // 6)
    again = answer(
        lookalike(environment, "model", "fit", folder, "--head", "lda", "--name", "colours", "--replace", "--json")
    )
    assert again["fingerprint"] == facts["fingerprint"]
    assert _fitted(environment) == ["colours.npz"]


#: Arguments of a fit, and what stderr must name.
WRONG: dict[str, tuple[list[str], int, list[str]]] = {
    "no folder": (["/no/such/folder", "--head", "pca"], 1, ["/no/such/folder"]),
    "unknown head": ([".", "--head", "svm"], 2, ["pca, lda, classifier"]),
    "a name that is taken": ([".", "--head", "pca", "--name", "resnet50"], 2, ["resnet50", "another name"]),
    "a name that is a path": ([".", "--head", "pca", "--name", "a/b"], 2, ["a/b"]),
    "unknown option": ([".", "--head", "pca", "--model", "resnet50:sharp"], 2, ["sharp", "gem"]),
    "one class": (["FOLDER/red", "--head", "lda"], 2, ["no class", "--head pca"]),
    "no image": (["FOLDER/empty", "--head", "pca"], 1, ["no image to fit"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gives_a_short_message(case: str, environment: dict[str, str], folder: Path) -> None:
    arguments, code, named = WRONG[case]
    words = [word.replace("FOLDER", str(folder)) for word in arguments]
    name = () if "--name" in words else ("--name", "wrong")
    before = _fitted(environment)
    done = lookalike(environment, "model", "fit", *words, *name, code=code)
    assert [text for text in named if text not in done.stderr] == []
    assert _fitted(environment) == before


def test_an_interrupted_fit_leaves_nothing(environment: dict[str, str], folder: Path) -> None:
    before = _fitted(environment)
    arguments = ("model", "fit", folder, "--head", "classifier", "--name", "half", "--dimensions", "4096")
    with started(environment, *arguments) as process:
        assert process.stderr is not None
        assert "to embed" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait() == 128 + signal.SIGTERM
    assert "No model was saved" in rest and "Traceback" not in rest
    assert _fitted(environment) == before


def test_a_fitted_model_cannot_be_fitted_again(environment: dict[str, str], folder: Path) -> None:
    plain = {key: value for key, value in environment.items() if key != "LOOKALIKE_PREPROCESSING"}
    lookalike(environment, "model", "fit", folder, "--head", "pca", "--name", "first", "--dimensions", "4")
    done = lookalike(plain, "model", "fit", folder, "--head", "pca", "--name", "second", "--model", "first", code=2)
    assert "is a fitted model" in done.stderr
    assert json.loads(lookalike(plain, "model", "info", "first", "--json").stdout)["dimension"] == 4

"""`lookalike model quantize` on drawn images and a model of a few layers."""

import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.embedding import load, resolve
from lookalike.embedding.artifacts import quantized
from lookalike.errors import ModelUnavailable
from testing.processes import ROOT, answer
from tests.cli.inprocess import lookalike
from tests.cli.test_json_stdout import TERMINALS

SIZE = 64
COUNT = 52


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of coarse noise, and an invalid one."""
    root = tmp_path_factory.mktemp("images")
    random = np.random.RandomState(3)
    for number in range(COUNT):
        coarse = random.randint(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(coarse.repeat(8, axis=0).repeat(8, axis=1)).save(root / f"{number}.png")
    (root / "notes.jpg").write_text("not an image")
    return root


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
    model = {"LOOKALIKE_MODEL": f"{home}/tiny.keras:flip", "LOOKALIKE_PREPROCESSING": "tf"}
    return {**os.environ, "LOOKALIKE_HOME": str(home), **model}


@pytest.fixture(scope="module")
def made(environment: dict[str, str], folder: Path) -> dict[str, object]:
    """What the command printed for the model that it made."""
    return answer(
        lookalike(
            environment | TERMINALS["narrow"], "model", "quantize", folder, "--name", "small", "--count", 32, "--json"
        )
    )


def test_a_quantized_model_has_its_own_fingerprint_and_is_close_to_its_base(
    environment: dict[str, str], made: dict[str, object]
) -> None:
    home = Path(environment["LOOKALIKE_HOME"])
    base = resolve(environment["LOOKALIKE_MODEL"], preprocessing="tf")
    spec = resolve("small", home=home)
    assert made["fingerprint"] == spec.fingerprint != base.fingerprint
    assert (made["base"], made["pictures"], made["quantized"], spec.flip) == (base.name, 32, True, True)
    pixels = np.random.RandomState(0).randint(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    exact, quick = (load(one, home=home, runtime="openvino")(pixels) for one in (base, spec))
    cosines = (exact * quick).sum(axis=1)
    assert (cosines > 0.95).all() and not np.array_equal(exact, quick)
    assert 0.9 < float(str(made["cosine_least"])) <= float(str(made["cosine"])) <= 1


@pytest.mark.usefixtures("made")
def test_a_quantized_model_is_listed_described_and_used_by_name(environment: dict[str, str], folder: Path) -> None:
    listed = answer(lookalike(environment, "model", "list", "--json"))["models"]
    assert listed[0]["name"] == "small"
    assert answer(lookalike(environment, "model", "info", "small", "--json"))["base"] == "tiny:flip"
    unset = {key: value for key, value in environment.items() if key != "LOOKALIKE_PREPROCESSING"}
    done = answer(lookalike(unset, "ingest", folder, "--model", "small", "--json"))
    assert (done["model"], done["indexed"], done["rejected"]) == ("small", COUNT, 1)
    found = answer(lookalike(unset, "search", folder / "7.png", "--model", "small", "-k", 1, "--json"))["matches"][0]
    assert found["uri"] == str(folder / "7.png") and found["score"] > 0.999


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "resnet50"), "not a quantized model"),
        (("--name", "small"), "A quantized model named small already exists"),
        (("--name", "other", "--model", "small"), "is a quantized model"),
    ],
)
@pytest.mark.usefixtures("made")
def test_bad_input_gives_a_message(
    environment: dict[str, str], folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in lookalike(environment, "model", "quantize", folder, *arguments, code=2).stderr


def test_too_few_images_give_a_message(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_text("not an image")
    done = lookalike(environment, "model", "quantize", tmp_path, "--name", "other", code=1)
    assert "Found 0 usable images; quantizing needs 48" in done.stderr


def test_a_missing_nncf_is_reported_with_its_extra(environment: dict[str, str], folder: Path) -> None:
    script = "import sys; sys.modules['nncf'] = None; from lookalike_cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", script, "model", "quantize", str(folder), "--name", "other"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and "pip install " in done.stderr and "[int8]" in done.stderr


@pytest.mark.usefixtures("made")
def test_tensorflow_refuses_a_quantized_model(environment: dict[str, str]) -> None:
    home = Path(environment["LOOKALIKE_HOME"])
    with pytest.raises(ModelUnavailable, match="small is a quantized model"):
        load(resolve("small", home=home), home=home, runtime="tensorflow")


@pytest.mark.usefixtures("made")
def test_a_damaged_changed_or_missing_model_gives_a_message(environment: dict[str, str], tmp_path: Path) -> None:
    spec = resolve("small", home=Path(environment["LOOKALIKE_HOME"]))
    whole = Path(str(spec.graph_file)).read_bytes()
    kept = tmp_path / "quantized" / "small.zip"
    kept.parent.mkdir()
    kept.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="is damaged"):
        quantized.read(tmp_path, "small")
    kept.write_bytes(whole)
    here = quantized.read(tmp_path, "small").spec
    assert here.fingerprint == spec.fingerprint
    with zipfile.ZipFile(kept, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("model.xml", b"<net/>")
    with pytest.raises(ModelUnavailable, match="has been replaced"):
        quantized.unpack(here, tmp_path)
    kept.unlink()
    with pytest.raises(ModelUnavailable, match="does not exist"):
        quantized.unpack(here, tmp_path)

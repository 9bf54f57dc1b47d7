"""`lookalike model add`: a model of somebody's own is tried, kept under a name, and used by it."""

import fcntl
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from lookalike.embedding import Head, Origin, load, resolve
from lookalike.embedding.artifacts import added, copies, fitted
from lookalike.embedding.artifacts.fitted import Layer
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.samples import draw_samples
from testing.processes import answer
from tests.cli.inprocess import lookalike
from tests.cli.test_json_contracts import missing
from tests.cli.test_json_stdout import TERMINALS
from tests.embedding.onnx_files import DIMENSION, SIZE, encoder, move_weights


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path_factory.mktemp("home"))}


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of any size, its weights beside it."""
    path = encoder(
        tmp_path_factory.mktemp("brought") / "vision.onnx", shape=["N", 3, "h", "w"], outputs=["flat", "embedding"]
    )
    move_weights(path, "data/vision.bin")
    return path


OPTIONS = (
    *("--mean", "0.4,0.5,0.6", "--std", "0.2", "--channels", "bgr", "--size", SIZE, "--output", "embedding"),
    *("--crop", "0.5", "--filter", "bicubic"),
)


@pytest.fixture(scope="module")
def facts(environment: dict[str, str], brought: Path) -> dict[str, object]:
    """What the command printed for the model that it kept."""
    return answer(
        lookalike(environment | TERMINALS["narrow"], "model", "add", brought, "--name", "mine", *OPTIONS, "--json")
    )


def test_an_added_model_is_described(environment: dict[str, str], brought: Path, facts: dict[str, object]) -> None:
    assert missing(facts, "model add") == []
    assert (facts["dimension"], facts["size"], facts["preprocessing"]) == (DIMENSION, SIZE, "custom")
    assert (facts["source"], facts["output"], facts["bgr"]) == (str(brought), "embedding", True)
    assert (facts["crop"], facts["filter"]) == (0.5, "bicubic")
    assert [note for note in facts["notes"] if "the scores of a classifier" in note]  # type: ignore[attr-defined]
    listed = answer(lookalike(environment, "model", "list", "--json"))["models"]
    assert (listed[0]["name"], listed[0]["built"], listed[0]["fingerprint"]) == ("mine", True, facts["fingerprint"])
    described = answer(lookalike(environment, "model", "info", "mine", "--json"))
    assert (described["added_at"], described["backbone"]) == (facts["added_at"], "onnx")


def test_the_copy_is_the_model_and_takes_options(
    environment: dict[str, str], brought: Path, facts: dict[str, object], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(Path(environment["LOOKALIKE_HOME"]) / "added", home / "added")
    spec = resolve("mine:flip", home=home)
    assert (spec.name, spec.flip) == ("mine:flip", True)
    assert Path(spec.weights).is_relative_to(home) and Path(spec.weights).name == "model.onnx"
    text = f"mean=0.4,0.5,0.6+std=0.2+channels=bgr+size={SIZE}+output=embedding+crop=1/2+filter=bicubic"
    original = resolve(str(brought), preprocessing=text)
    assert original.fingerprint == facts["fingerprint"] == resolve("mine", home=home).fingerprint
    pixels = np.random.RandomState(0).randint(0, 256, (2, SIZE, SIZE, 3)).astype(np.uint8)
    copied = load(resolve("MINE", home=home), home=home, precision="f32")
    np.testing.assert_array_equal(copied(pixels), load(original, home=tmp_path, precision="f32")(pixels))
    for other in ("torch", "mean=0.4,0.5,0.6+std=0.3+channels=bgr", "layout=nchw", "crop=none"):
        with pytest.raises(BadSetting, match="Leave --preprocessing out"):
            resolve("mine", home=home, preprocessing=other)


@pytest.mark.usefixtures("facts")
def test_images_are_ingested_and_found_with_an_added_model(environment: dict[str, str], tmp_path: Path) -> None:
    draw_samples(tmp_path, per_class=1)
    done = answer(lookalike(environment, "ingest", tmp_path, "--model", "mine", "--json"))
    assert (done["model"], done["indexed"], done["rejected"]) == ("mine", 16, 0)
    image = next(tmp_path.glob("rings/*"))
    # The index knows its model: nobody names it.
    found = answer(lookalike(environment, "search", image, "-k", 1, "--json"))["matches"][0]
    assert found["uri"] == str(image) and found["score"] > 0.999


#: Arguments, the exit code, and what stderr says.
WRONG: dict[str, tuple[list[str], int, str]] = {
    "a name that is taken": (
        ["FILE", "--name", "mine", "--size", "32", "--preprocessing", "tf"],
        2,
        "An added model named mine",
    ),
    "the name of another kind": (["FILE", "--name", "resnet50", "--preprocessing", "tf"], 2, "already exists"),
    "a name that is a path": (["FILE", "--name", "a/b", "--preprocessing", "tf"], 2, "cannot be named"),
    "a name in place of a file": (["resnet50", "--name", "other"], 2, "has a name already"),
    "no preprocessing": (["FILE", "--name", "other"], 2, "does not say how its pixels are prepared"),
    "no size": (["FILE", "--name", "other", "--preprocessing", "tf"], 2, "takes images of any size"),
    "two outputs": (
        ["FILE", "--name", "other", "--preprocessing", "tf", "--size", "32"],
        1,
        "'flat' [1,8], 'embedding' [1,6]",
    ),
    "a preset and numbers": (
        ["FILE", "--name", "other", "--preprocessing", "tf", "--mean", "0"],
        2,
        "numbers of its own",
    ),
    "no file": (["absent.onnx", "--name", "other", "--preprocessing", "tf"], 1, "absent.onnx cannot be read"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.usefixtures("facts")
def test_bad_input_gives_a_message_and_keeps_nothing(case: str, environment: dict[str, str], brought: Path) -> None:
    words, code, said = WRONG[case]
    folder = Path(environment["LOOKALIKE_HOME"], "added")
    before = sorted(folder.rglob("*"))
    done = lookalike(environment, "model", "add", *(word.replace("FILE", str(brought)) for word in words), code=code)
    assert said in done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.usefixtures("facts")
def test_a_damaged_description_is_named_and_another_model_replaces_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(Path(environment["LOOKALIKE_HOME"]) / "added", home / "added")
    (home / "added" / "mine.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="is damaged"):
        added.read(home, "mine")
    here = environment | {"LOOKALIKE_HOME": str(home)}
    path = encoder(tmp_path / "other.onnx", seed=2)
    # While nobody can tell what is in use, everything stays.
    before = set(added.files(home).iterdir())
    done = answer(
        lookalike(here, "model", "add", path, "--name", "mine", "--preprocessing", "tf", "--replace", "--json")
    )
    assert (
        done["fingerprint"]
        == resolve("mine", home=home).fingerprint
        == resolve(str(path), preprocessing="tf").fingerprint
    )
    assert before < set(added.files(home).iterdir())


def test_copies_that_no_model_names_are_removed(tmp_path: Path) -> None:
    home, path = tmp_path / "home", encoder(tmp_path / "tiny.onnx")

    def add(name: str, seed: int) -> Path:
        """Returns the folder of its copy."""
        spec = resolve(str(encoder(path, seed=seed)), preprocessing="tf")
        before = copies.copies_of(home, name)
        added.write(home, name, spec, "2026-01-01T00:00:00+00:00")
        copies.remove_unused(home, before)
        (folder,) = copies.copies_of(home, name)
        return folder

    first, same = add("one", 1), add("two", 1)
    assert first == same
    second = add("one", 2)
    assert first.is_dir() and second != first
    # A model that was fitted to it needs it as well.
    layers = [Layer(np.eye(DIMENSION, 3, dtype=np.float32), np.zeros(3, np.float32))]
    origin = Origin("two", 9, 3, 0, "2026-01-01T00:00:00+00:00", {})
    fitted.write(home, "head", added.read(home, "two").spec, Head.PCA, layers, origin)
    add("two", 2)
    assert first.is_dir()
    fitted.write(home, "head", added.read(home, "two").spec, Head.PCA, layers, origin)
    third = add("two", 3)
    add("one", 3)
    assert set(added.files(home).iterdir()) == {first, second, third}
    # What lies there already is left alone: only the copies of the model that is replaced are looked at.
    copies.remove_unused(home, frozenset({first, second, third}))
    assert set(added.files(home).iterdir()) == {second, third}


def test_the_unfinished_copy_of_a_killed_process_is_removed_by_the_next_one(tmp_path: Path) -> None:
    home, path = tmp_path / "home", encoder(tmp_path / "tiny.onnx")
    dead, used, young = (added.files(home) / f".part-{name}" for name in ("dead", "used", "young"))
    for part in (dead, used, young):
        part.mkdir(parents=True)
        (part / "model.onnx").write_bytes(b"the beginning of a")
    for part in (dead, used):
        os.utime(part, (0, 0))
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    added.write(home, "one", resolve(str(path), preprocessing="tf"), "2026-01-01T00:00:00+00:00")
    os.close(lock)
    assert not dead.exists() and used.is_dir() and young.is_dir()

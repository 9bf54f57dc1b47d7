"""`evaluate` and `duplicates` on both indexes, with drawn images; they leave nothing behind."""

import os
import shutil
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lookalike.duplicates.best import SAID
from lookalike.images import decode
from lookalike.index import open_index
from lookalike.pipeline import ingest
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity
from lookalike.samples import keep, samples
from lookalike.storage import Storage
from testing.arrivals import one_by_one
from testing.processes import answer, await_true, started, stop
from tests.cli.conftest import left_behind
from tests.cli.inprocess import lookalike

CLASSES = ("bricks", "rings", "waves")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four images."""
    folder = tmp_path_factory.mktemp("drawn")
    for sample in samples(per_class=4, seed=7):
        if sample.label in CLASSES:
            keep(sample, folder / sample.path)
    return folder


@pytest.fixture
def environment(alone: dict[str, str]) -> dict[str, str]:
    return alone


def test_a_folder_is_evaluated_and_its_peculiarities_are_named(
    environment: dict[str, str], drawn: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "labelled"
    shutil.copytree(drawn, folder)
    (folder / "beside.jpg").write_bytes(b"no class")
    (folder / "rings" / "broken.jpg").write_bytes(b"not an image")
    (folder / "nothing").mkdir()
    (folder / "<script>").mkdir()
    shutil.copy(next((drawn / "waves").iterdir()), folder / "<script>" / "alone.jpg")
    report = tmp_path / "report.html"
    options = (
        "--seeds",
        2,
        "-k",
        2,
        "--size",
        10,
        "--models",
        "efficientnet-lite0,efficientnet-lite0+pca",
        "--report",
        report,
        "--json",
    )
    done = lookalike(environment, "evaluate", folder, *options)
    printed = answer(done)
    assert (printed["stored"], printed["queries"], printed["rejected"], printed["seeds"]) == (10, 3, 1, [0, 1])
    assert printed["hit_at_k"] <= printed["hit_at_size"] <= 1.0 and "hit@10, any of the results" in done.stderr
    assert printed["recall_vs_exact"] == 1.0 and 0.5 <= printed["hit_at_k"] <= 1.0
    assert 0 < printed["map_at_k"] <= 1.0 and printed["precision_at_k"] <= 1.0 and printed["precision_at_1"] >= 0.5
    assert [model["model"] for model in printed["models"]] == ["efficientnet-lite0", "efficientnet-lite0+pca"]
    assert [model["fitted_on_stored_part"] for model in printed["models"]] == [False, True]
    for named in ("1 file outside", "1 file rejected", "nothing", "<script>", "1 image identical"):
        assert named in done.stderr
    html = report.read_text()
    assert "<script" not in html and html.count("data:image/jpeg") > 10
    assert left_behind(environment) == []


def test_an_interrupted_evaluation_leaves_nothing(environment: dict[str, str], drawn: Path) -> None:
    number = signal.SIGTERM if environment["LOOKALIKE_INDEX_URL"].startswith("lancedb") else signal.SIGINT
    with started(environment, "evaluate", drawn, "--seeds", 100) as process:
        await_true(lambda: left_behind(environment) or process.poll() is not None)
        _, stderr = stop(process, number)
    assert process.returncode == 128 + number and "Interrupted" in stderr and "Traceback" not in stderr
    assert left_behind(environment) == []


def fill(environment: dict[str, str], references: Sequence[ImageRef]) -> None:
    """Fill the index with vectors of a trivial model: the colours of 16 pixels."""
    model = ModelIdentity("colours", "c" * 16, 48, Metric.COSINE)
    index = open_index(environment["LOOKALIKE_INDEX_URL"], "images")
    index.ensure(model)
    done = ingest(
        Chunk("job/0", "job", tuple(references)),
        fetch=one_by_one(Storage(roots=(Path("/"),), max_bytes=2**20).read),
        decode=partial(decode, max_pixels=2**20),
        embed=lambda pixels: pixels[:, ::56, ::56].reshape(len(pixels), -1).astype(np.float32) - 127,
        index=index,
        fingerprint=model.fingerprint,
    )
    assert done.indexed == len(references)
    index.end_load()
    index.close()


def test_planted_copies_are_listed(environment: dict[str, str], drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    shutil.copytree(drawn / "bricks", folder)
    first = sorted(folder.iterdir())[0]
    shutil.copy(first, copy := folder / "copy<script>.jpg")
    fill(environment, [ImageRef(str(path)) for path in folder.iterdir()])
    report = tmp_path / "duplicates.html"
    printed = answer(lookalike(environment, "duplicates", "--report", report, "--json"))
    identical = [group for group in printed["groups"] if group["kind"] == "identical"]
    assert printed["images"] == 5 and len(identical) == 1
    assert {image["uri"] for image in identical[0]["images"]} == {str(first), str(copy)}
    assert "<script" not in report.read_text()

    # The copy is the younger one, and its path is longer.
    shown = lookalike(environment, "duplicates")
    kept = f"identical     {first}  (keep: {SAID[identical[0]['why']]})"
    assert f"{kept}\nidentical     {copy}\n" in shown.stdout
    assert "1 group of identical images" in shown.stdout and "Nothing is deleted" in shown.stderr
    listed = lookalike(environment, "duplicates", "--list").stdout.splitlines()
    others = [image["uri"] for group in printed["groups"] for image in group["images"] if image["id"] != group["keep"]]
    assert listed == others and listed[0] == str(copy) and str(first) not in listed
    assert lookalike(environment, "duplicates", "--list", "-0").stdout == "".join(f"{uri}\0" for uri in others)
    assert "--list" in lookalike(environment, "duplicates", "--null", code=2).stderr
    first.unlink()
    last = lookalike(environment, "duplicates", "--list")
    assert not last.stdout and "1 image left out: files of their groups are gone" in last.stderr
    both = lookalike(environment, "duplicates", "--list", "--json", code=2)
    assert "--list" in both.stderr and not both.stdout


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}


def test_bad_input_gives_a_message(bare: dict[str, str], drawn: Path, tmp_path: Path) -> None:
    gone = lookalike(bare, "evaluate", tmp_path / "gone", code=1).stderr
    assert str(tmp_path / "gone") in gone
    for name in ("one", "single"):
        (tmp_path / name).mkdir()
    shutil.copytree(drawn / "rings", tmp_path / "one" / "rings")
    assert "only one class (rings)" in lookalike(bare, "evaluate", tmp_path / "one", code=2).stderr
    for label in CLASSES:
        (tmp_path / "single" / label).mkdir()
        shutil.copy(next((drawn / label).iterdir()), tmp_path / "single" / label)
    assert "two images" in lookalike(bare, "evaluate", tmp_path / "single", code=2).stderr
    assert "no labelled images" in lookalike(bare, "evaluate", drawn / "rings", code=1).stderr
    assert "--size" in lookalike(bare, "evaluate", drawn, "-k", 10, "--size", 5, code=2).stderr
    nowhere = lookalike(bare, "evaluate", drawn, "--report", tmp_path / "no" / "r.html", code=2).stderr
    assert "r.html" in nowhere

"""The promises of the README, with real processes: broker, worker children, index and search."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from testing.processes import answer, await_true, lookalike, make_home, processes, started, stop, worker_processes
from tests.slow import slow

CLASSES = 16
PER_CLASS = 8
TOTAL = CLASSES * PER_CLASS
SLOW = slow(0.05)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    assert draw_samples(folder, per_class=PER_CLASS, seed=3) == TOTAL
    return folder


@pytest.fixture(params=["lancedb", "opensearch"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, model_home: Path) -> Iterator[dict[str, str]]:
    """The embedded stack on each index. No process of it may be left at the end."""
    home = make_home(tmp_path, model_home)
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_CHUNK_SIZE": "8"}
    if request.param == "opensearch":
        chosen["LOOKALIKE_INDEX_URL"] = request.getfixturevalue("opensearch_url")
    yield {**os.environ, **chosen}
    assert processes(home) == {}


def counts(summary: dict[str, Any]) -> tuple[int, int, int, int]:
    return summary["found"], summary["indexed"], summary["unchanged"], summary["rejected"]


def log_of_worker(environment: dict[str, str]) -> str:
    log = Path(environment["LOOKALIKE_HOME"], "logs", "worker.log")
    return log.read_text() if log.exists() else ""


def test_a_folder_is_ingested_then_found_unchanged_and_searched(environment: dict[str, str], images: Path) -> None:
    assert counts(answer(lookalike(environment, "ingest", images, "--json"))) == (TOTAL, TOTAL, 0, 0)
    assert counts(answer(lookalike(environment, "ingest", images, "--json"))) == (TOTAL, 0, TOTAL, 0)

    wanted = sorted(path for path in images.rglob("*") if path.is_file())[3]
    matches = answer(lookalike(environment, "search", wanted, "--json"))["matches"]
    assert (matches[0]["uri"], matches[0]["name"]) == (str(wanted), wanted.parent.name)
    assert matches[0]["score"] == pytest.approx(1, abs=1e-3)

    others = answer(lookalike(environment, "search", "--uri", wanted, "-k", 5, "--json"))["matches"]
    assert len(others) == 5 and str(wanted) not in {match["uri"] for match in others}
    label = sorted(images.iterdir())[-1].name
    filtered = answer(lookalike(environment, "search", wanted, "--filter", f"name={label}", "--json"))["matches"]
    assert {match["name"] for match in filtered} == {label}


def test_broken_images_are_rejected_with_a_reason_and_the_rest_is_indexed(
    environment: dict[str, str], images: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = next(path for path in sorted(images.rglob("*.jpg")))
    (folder / "good.jpg").write_bytes(good.read_bytes())
    (folder / "cut.jpg").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not an image")
    os.mkfifo(folder / "pipe.jpg")
    summary = answer(lookalike(environment, "ingest", folder, "--json"))
    assert counts(summary) == (5, 1, 0, 4)
    status = answer(lookalike(environment, "status", summary["job"], "--json"))
    assert status["reasons"] == {"truncated": 1, "empty": 1, "unsupported": 1, "not_regular": 1}


def in_the_middle(environment: dict[str, str]) -> bool:
    """Whether one chunk is done and another one is in work."""
    log = log_of_worker(environment)
    return log.count("] received") > log.count("] succeeded") > 0


def test_worker_children_killed_in_the_middle_change_no_number(environment: dict[str, str], images: Path) -> None:
    with started(environment | SLOW, "ingest", images, "--json") as running:
        await_true(lambda: in_the_middle(environment))
        main, children = worker_processes(Path(environment["LOOKALIKE_HOME"]))
        assert "openvino" not in Path(f"/proc/{main}/maps").read_text(), "the parent has loaded the model"
        for child in children:  # one of them may be idle, and its end would show nothing
            os.kill(child, signal.SIGKILL)
        stdout, _ = running.communicate(timeout=120)
    assert counts(json.loads(stdout.splitlines()[-1])) == (TOTAL, TOTAL, 0, 0)
    assert "WorkerLostError" in log_of_worker(environment)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_ingest_leaves_no_process_and_can_be_run_again(
    environment: dict[str, str], images: Path, number: signal.Signals
) -> None:
    with started(environment | SLOW, "ingest", images) as running:
        await_true(lambda: "received" in log_of_worker(environment))
        _, stderr = stop(running, number)
        assert "Traceback" not in stderr
        assert running.returncode == (-number if number == signal.SIGKILL else 128 + number)
    await_true(lambda: processes(Path(environment["LOOKALIKE_HOME"])) == {})
    found, indexed, unchanged, rejected = counts(answer(lookalike(environment, "ingest", images, "--json")))
    assert (found, indexed + unchanged, rejected) == (TOTAL, TOTAL, 0)


def test_an_index_of_another_model_is_refused_with_both_named(environment: dict[str, str], images: Path) -> None:
    one = next(images.rglob("*.jpg"))
    lookalike(environment, "index", "create", "images", "--model", "resnet50")
    for command in ("ingest", "search"):
        refused = lookalike(environment, command, one, "--model", "efficientnet-lite0", code=1)
        assert "contains vectors of resnet50 (" in refused.stderr
        assert "the current model is efficientnet-lite0 (" in refused.stderr
    assert answer(lookalike(environment, "index", "list", "--json"))["indexes"][0]["documents"] == 0

"""Rejected images can be listed, retried and exported, and none is lost on the way."""

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from lookalike.storage import local_path
from lookalike_cli.json_keys import CONTRACTS
from testing.processes import answer, await_true, started, stop
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike
from tests.cli.test_json_contracts import faults

HOSTILE = [b"new\nline", b"\xff\xfe latin", "日本語 🐈".encode(), b"\x1b[31mred", b"=1+1", b'quo"ted, and comma', b"'"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sample")
    draw_samples(folder, per_class=1)
    return next(folder.rglob("*.jpg")).read_bytes()


@pytest.fixture
def mixed(tmp_path: Path, image: bytes) -> Path:
    """One good image, a truncated one and an empty one."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(image)
    (folder / "cut.jpg").write_bytes(image[: len(image) // 2])
    (folder / "empty.jpg").touch()
    return folder


def ingest(environment: dict[str, str], *arguments: object, code: int = 0) -> str:
    job: str = answer(lookalike(environment, "ingest", *arguments, "--json", code=code))["job"]
    return job


def failed(environment: dict[str, str], *arguments: object) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer(lookalike(environment, "failed", "list", *arguments, "--json"))["failed"]
    return items


def names(items: list[dict[str, Any]]) -> set[str]:
    return {Path(item["uri"]).name for item in items}


def test_a_repaired_image_is_retried_and_leaves_the_list(
    environment: dict[str, str], mixed: Path, image: bytes
) -> None:
    job = ingest(environment, mixed, "--label-from", "none")
    assert {(Path(item["uri"]).name, item["reason"]) for item in failed(environment, job)} == {
        ("cut.jpg", "truncated"),
        ("empty.jpg", "empty"),
    }
    (mixed / "cut.jpg").write_bytes(image)
    (mixed / "empty.jpg").write_bytes(image)
    done = answer(lookalike(environment, "failed", "retry", job, "--reason", "truncated", "--json"))
    assert (done["found"], done["indexed"], done["rejected"], done["jobs"]) == (1, 1, 0, [done["job"]])
    assert names(failed(environment, job)) == {"empty.jpg"}
    matches = answer(lookalike(environment, "search", "--uri", mixed / "good.jpg", "--json"))["matches"]
    assert [(Path(match["uri"]).name, match["name"]) for match in matches] == [("cut.jpg", None)]


@one_index
def test_forgotten_rejections_leave_the_list_until_an_ingest_meets_the_images_again(
    environment: dict[str, str], mixed: Path
) -> None:
    job = ingest(environment, mixed)
    forgotten = answer(lookalike(environment, "failed", "clear", "--reason", "truncated", "--yes", "--json"))
    assert forgotten["forgotten"] >= 1
    assert names(failed(environment, job)) == {"empty.jpg"}
    assert answer(lookalike(environment, "failed", "clear", job, "--yes", "--json")) == {"forgotten": 1}
    assert failed(environment, job) == []
    nothing = lookalike(environment, "failed", "clear", job, "--json", stdin="")
    assert answer(nothing) == {"forgotten": 0} and "Forget" not in nothing.stderr, "there is nothing to ask"
    again = ingest(environment, mixed)
    assert names(failed(environment, again)) == {"cut.jpg", "empty.jpg"}


@one_index
def test_an_image_that_is_still_broken_moves_to_the_new_list_with_its_label(
    environment: dict[str, str], mixed: Path
) -> None:
    old = ingest(environment, mixed)
    done = answer(lookalike(environment, "failed", "retry", old, "--json", code=1))
    assert (done["found"], done["rejected"]) == (2, 2)
    assert failed(environment, old) == []
    shown = lookalike(environment, "failed", "list", old)
    assert f"No rejected images. {old} rejected 2; later jobs have seen them." in shown.stderr
    assert {(item["job"], item["label"]) for item in failed(environment, done["job"])} == {(done["job"], "mixed")}
    again = lookalike(environment, "failed", "retry", old, "--json")
    assert answer(again)["jobs"] == [] and "Nothing to retry" in again.stderr
    assert faults(answer(again), CONTRACTS["failed retry"]) == [] and answer(again).keys() == done.keys()


@one_index
def test_an_image_that_several_jobs_rejected_is_listed_and_retried_once(
    environment: dict[str, str], mixed: Path
) -> None:
    jobs = [ingest(environment, mixed), ingest(environment, mixed)]
    listed = [item["job"] for item in failed(environment) if item["job"] in jobs]
    assert listed == [jobs[1]] * 2
    done = answer(lookalike(environment, "failed", "retry", "--json", code=None))
    retried = {item["uri"]: item["job"] for item in failed(environment) if Path(item["uri"]).parent == mixed}
    assert len(retried) == 2 and set(retried.values()) <= set(done["jobs"])
    assert failed(environment, jobs[0]) == failed(environment, jobs[1]) == []
    assert faults(done, CONTRACTS["failed retry"]) == []


@one_index
def test_a_retry_that_cannot_start_leaves_the_list_unchanged(
    environment: dict[str, str], mixed: Path, tmp_path: Path
) -> None:
    job = ingest(environment, mixed)
    elsewhere = {**environment, "LOOKALIKE_INDEX_URL": f"lancedb://{tmp_path}/elsewhere"}
    refused = lookalike(elsewhere, "failed", "retry", job, code=1)
    assert job in refused.stderr and "LOOKALIKE_INDEX_URL" in refused.stderr
    assert names(failed(environment, job)) == {"cut.jpg", "empty.jpg"}


@one_index
def test_a_killed_retry_loses_no_image(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.jpg").touch()
    job = ingest(environment, folder, code=1)
    before = {item["job"] for item in jobs_of(environment)}
    with started(environment, "failed", "retry", job) as running:
        await_true(lambda: {item["job"] for item in jobs_of(environment)} - before)
        stop(running, signal.SIGKILL)
    assert names(failed(environment)) >= {f"{number}.jpg" for number in range(300)}


def jobs_of(environment: dict[str, str]) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = answer(lookalike(environment, "status", "--json"))["jobs"]
    return jobs


@one_index
def test_hostile_names_survive_json_lines_and_are_escaped_for_spreadsheets(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folders = [os.path.join(os.fsencode(tmp_path), name) for name in HOSTILE]
    for folder in folders:
        os.mkdir(folder)
        os.close(os.open(os.path.join(folder, b"empty.jpg"), os.O_CREAT))
    job = ingest(environment, tmp_path, code=1)

    lookalike(environment, "failed", "export", job, "--format", "jsonl", "--output", tmp_path / "all.jsonl")
    items = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    assert {os.path.dirname(os.fsencode(local_path(item["uri"]))) for item in items} == set(folders)
    assert items == [json.loads(line) for line in lookalike(environment, "failed", "export", job).stdout.splitlines()]

    lookalike(environment, "failed", "export", job, "--format", "csv", "--output", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["uri"] for row in rows} == {item["uri"] for item in items}
    assert "'=1+1" in {row["label"] for row in rows}
    assert [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []

    shown = lookalike(environment, "failed", "list", job)
    assert "\x1b" not in shown.stdout and "empty.jpg" in shown.stdout


@one_index
def test_export_filters_by_reason(environment: dict[str, str], mixed: Path) -> None:
    job = ingest(environment, mixed)
    done = lookalike(environment, "failed", "export", job, "--reason", "empty", "--format", "csv")
    assert [row["reason"] for row in csv.DictReader(done.stdout.splitlines())] == ["empty"]
    assert "bogus" in lookalike(environment, "failed", "list", "--reason", "bogus", code=2).stderr
    refused = lookalike(environment, "failed", "export", job, "--output", "/no/such/folder/x.csv", code=1)
    assert "/no/such/folder/x.csv" in refused.stderr

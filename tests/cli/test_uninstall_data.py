"""`uninstall-data` removes what is ours, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from lookalike.embedded.lock import opened
from testing.processes import answer
from testing.services.ports import free_port
from tests.cli.inprocess import lookalike


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a model, an index, and links in it that lead out."""
    home, photos = tmp_path / "home", tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"x" * 500)
    (home / "models" / "m").mkdir(parents=True)
    (home / "models" / "m" / "graph.bin").write_bytes(b"x" * 2000)
    (home / "models" / "photos").symlink_to(photos)
    (home / "index").symlink_to(photos)
    (home / "run").mkdir()
    (home / "run" / "owner.lock").touch()
    (home / ".DS_Store").touch()
    return home


@pytest.fixture
def environment(home: Path, tmp_path: Path) -> dict[str, str]:
    settings = tmp_path / "config" / "lookalike" / "settings.env"
    settings.parent.mkdir(parents=True)
    settings.write_text("LOOKALIKE_CHUNK_SIZE=8\n")
    return {**os.environ, "LOOKALIKE_HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_everything_of_ours_goes_and_nothing_that_links_lead_to(
    environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    before = names(tmp_path)
    plan = lookalike(environment, "uninstall-data", "--dry-run", "--json")
    assert names(tmp_path) == before and "is a link" in plan.stderr
    sizes = {Path(one["path"]).name: one["size_bytes"] for one in answer(plan)["removed"]}
    assert sizes == {"models": 2000, "index": 0, "run": 0, "settings.env": 23}
    done = lookalike(environment, "uninstall-data", "--yes", "--json")
    assert answer(done) == answer(plan) | {"dry_run": False} and "Removed." in done.stderr
    assert names(tmp_path) == {"config", "photos", "photos/a.jpg", "home", "home/.DS_Store"}
    assert answer(lookalike(environment, "uninstall-data", "--yes", "--json"))["removed"] == []


@pytest.mark.parametrize("said", ["", "n\n"])
def test_without_a_yes_nothing_goes(environment: dict[str, str], tmp_path: Path, said: str) -> None:
    before = names(tmp_path)
    done = lookalike(environment, "uninstall-data", stdin=said, code=1)
    assert "Aborted" in done.stderr and ("--yes" in done.stderr) == (not said)
    assert names(tmp_path) == before


@pytest.mark.parametrize("name", ["holiday.jpg", "models/m/holiday.JPG"])
def test_a_home_in_which_other_things_lie_stays_whole(
    environment: dict[str, str], home: Path, tmp_path: Path, name: str
) -> None:
    (home / name).touch()
    before = names(tmp_path)
    done = lookalike(environment, "uninstall-data", "--yes", code=1)
    assert Path(name).name in done.stderr and names(tmp_path) == before


def test_a_home_whose_stack_runs_stays_whole(environment: dict[str, str], home: Path, tmp_path: Path) -> None:
    with opened(home / "run" / "owner.lock") as lock:
        assert lock.try_exclusive()
        before = names(tmp_path)
        done = lookalike(environment, "uninstall-data", "--yes", code=1)
    assert "stack is running" in done.stderr and names(tmp_path) == before


def test_a_broker_that_is_away_is_asked_once_and_named(environment: dict[str, str]) -> None:
    away = {"LOOKALIKE_BROKER_URL": f"redis://127.0.0.1:{free_port()}"}
    began = time.monotonic()
    done = lookalike(environment | away, "uninstall-data", "--dry-run")
    # Celery asks again for six seconds; a test that stands still for two is within this.
    assert time.monotonic() - began < 5
    assert "Connection refused. If a worker of it runs on this machine, stop it first." in done.stderr


def test_a_home_that_does_not_exist_has_nothing_to_remove(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config" / "lookalike" / "settings.env").unlink()
    done = lookalike(environment | {"LOOKALIKE_HOME": str(tmp_path / "none")}, "uninstall-data")
    assert "nothing to remove" in done.stderr and not (tmp_path / "none").exists()

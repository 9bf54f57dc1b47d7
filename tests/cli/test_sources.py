"""Sources on the command line: what a walk leaves out, what ends it, and what it says."""

import os
from pathlib import Path
from typing import Any

import pytest

from lookalike_cli.sync import _ask
from lookalike_producer.deletion import Deletion
from testing.processes import answer, await_true
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike


def ingest(environment: dict[str, str], *arguments: object, code: int = 0) -> dict[str, Any]:
    return answer(lookalike(environment, "ingest", *arguments, "--json", code=code))


@one_index
def test_options_of_a_walk_decide_what_is_found(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    image = next(path for path in drawn[0].rglob("*.jpg") if path.name != "text.jpg").read_bytes()
    pictures, elsewhere = tmp_path / "pictures", tmp_path / "elsewhere"
    for name in ("a.jpg", "@eaDir/b.jpg", ".c.jpg", "raw/d.jpg"):
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        (pictures / name).write_bytes(image)
    elsewhere.mkdir()
    (elsewhere / "e.jpg").write_bytes(image)
    (pictures / "link").symlink_to(elsewhere)
    (pictures / "back").symlink_to(".")
    assert ingest(environment, pictures, "--exclude", "raw/")["found"] == 1
    assert ingest(environment, pictures)["found"] == 2
    assert ingest(environment, pictures / "**", "--follow-links", pictures)["found"] == 3
    assert ingest(environment, pictures, "--include-hidden", "--exclude", "*.jpg", "--exclude", "!.c.jpg")["found"] == 1
    kept = answer(lookalike(environment, "sync", pictures, "--delete", "--yes", "--exclude", "/raw", "--json"))
    assert (kept["present"], kept["orphaned"], kept["deleted"]) == (1, 2, 2)
    (pictures / "raw" / "d.jpg").unlink()
    excluded = answer(lookalike(environment, "sync", pictures, "--delete", "--exclude", "/raw", "--json"))
    assert excluded["orphaned"] == 0, "what is excluded is not in the scope"
    nothing = lookalike(environment, "ingest", pictures / "raw", "--exclude", "*")
    assert "The source holds no files." in nothing.stderr


@one_index
def test_a_walk_that_breaks_off_ends_its_job(environment: dict[str, str], tmp_path: Path) -> None:
    lines = "".join(f"{number:0250}\n" for number in range(300)).encode("utf-16-le")
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe" + lines + b"\0\xd8\n\0")
    failed = lookalike(environment, "ingest", tmp_path / "list.txt", code=1)
    assert "no list in utf-16-le" in failed.stderr
    jobs = answer(lookalike(environment, "status", "--json"))["jobs"]
    [job] = [job["job"] for job in jobs if job["index"] == environment["LOOKALIKE_INDEX"]]
    # At once: the images that were sent are not even waited for.
    await_true(lambda: answer(lookalike(environment, "status", job, "--json"))["state"] == "interrupted")


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_large_deletion_is_asked_for_on_a_terminal(
    typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal, other = os.openpty()
    os.write(terminal, typed.encode())
    with os.fdopen(other) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert _ask(Deletion(22, 20)) is agreed
    os.close(terminal)
    assert "Delete 20 of 22 images (91%) from the index?" in capsys.readouterr().err

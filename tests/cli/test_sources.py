"""Sources on the command line: what a walk leaves out, what ends it, and what it says."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lookalike_cli.sync import _ask
from lookalike_producer.deletion import Deletion
from testing.processes import answer, await_true
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike
from tests.producer.folders import write_deep


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
def test_a_folder_that_cannot_be_listed_is_one_rejected_record(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    image = next(path for path in drawn[0].rglob("*.jpg") if path.name != "text.jpg").read_bytes()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(image)
    write_deep(tmp_path / "pictures" / "deep", 2100)
    try:
        first = ingest(environment, tmp_path / "pictures")
        assert (first["found"], first["indexed"], first["rejected"]) == (2, 1, 1)
        listed = lookalike(environment, "failed", "list", first["job"]).stdout
        assert "the folder cannot be listed: File name too long" in listed
        verified = answer(lookalike(environment, "verify", tmp_path / "pictures", "--json"))
        assert (verified["present"], verified["rejected"]) == (1, 1)
        assert "nothing to ingest" in lookalike(environment, "sync", tmp_path / "pictures").stdout
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "pictures" / "deep"], check=True)
    settled = answer(lookalike(environment, "sync", tmp_path / "pictures", "--json"))
    assert (settled["present"], settled["rejected_unchanged"]) == (1, 0)


@one_index
def test_images_that_were_found_on_another_device_are_kept(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    image = next(path for path in drawn[0].rglob("*.jpg") if path.name != "text.jpg").read_bytes()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (pictures / name).write_bytes(image)
    ingest(environment, pictures)
    devices = Path(environment["LOOKALIKE_HOME"], "devices")
    [record] = [path for path in devices.iterdir() if str(pictures) in path.read_text()]
    record.write_text(json.dumps({str(pictures): "nfs4 nas:/photos"}))
    (pictures / "a.jpg").unlink()
    ingest(environment, pictures)
    kept = lookalike(environment, "sync", pictures, "--delete", "--yes")
    assert "another device" in kept.stderr and "Deleted 0 orphans" in kept.stdout
    plan = answer(lookalike(environment, "sync", pictures, "--delete", "--accept-devices", "--dry-run", "--json"))
    assert (plan["deleted"], plan["to_delete"], plan["kept"]) == (0, 1, 0)
    assert answer(lookalike(environment, "sync", pictures, "--delete", "--accept-devices", "--json"))["deleted"] == 1
    (pictures / "b.jpg").unlink()
    assert answer(lookalike(environment, "sync", pictures, "--delete", "--json"))["deleted"] == 1


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

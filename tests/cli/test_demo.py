"""`lookalike demo --draw` makes a folder of images to try things with, and nothing else."""

import os
from pathlib import Path

from lookalike.samples import PAINTERS
from tests.cli.inprocess import lookalike


def test_a_folder_of_images_is_drawn_and_not_ingested(tmp_path: Path) -> None:
    environment, folder = {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}, tmp_path / "Album"
    done = lookalike(environment, "demo", "--draw", folder, "--per-label", 1)
    assert f"{len(PAINTERS)} images in {folder}." in done.stdout
    assert {path.parent.name for path in folder.rglob("*-001.*")} == {*PAINTERS}
    assert not (tmp_path / "home" / "index").exists() and not (tmp_path / "home" / "demo").exists()

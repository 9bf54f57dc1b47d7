"""A disk that is full at each moment of a home: the message says so, nothing is lost, and the next command goes on."""

import os
import subprocess
from pathlib import Path

import pytest

from testing.images import encoded
from testing.processes import LOOKALIKE, ROOT

IMAGES = 12
#: A home on a disk of its own, with the built models from MODELS beside it. Each step prints its name, then what the
#: command says, then how that ended.
SCRIPT = r"""
mount -t tmpfs -o size=24m none $DISK; mkdir $LOOKALIKE_HOME
fill() { dd if=/dev/zero of=$DISK/full bs=1k count=$(($(df --output=avail -k $DISK | tail -1) - $1)) 2>/dev/null; }
step() { echo "# $1"; shift; "$@" 2>&1; echo "= $?"; rm -f $DISK/full; }
fill 0;      step start "$@" ingest $IMAGES
fill 1000;   step model "$@" ingest $IMAGES
ln -s $MODELS $LOOKALIKE_HOME/models
fill 90;     step images "$@" ingest $IMAGES
             step again "$@" ingest $IMAGES
fill 0;      step search "$@" search $IMAGES/0.png -k 1
fill 8;      step export "$@" index export $DISK/all.jsonl
"""


def _may_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not _may_mount(), reason="this user may not mount a disk")
def test_a_full_disk_is_named_at_each_step_and_the_next_one_goes_on(tmp_path: Path, model_home: Path) -> None:
    for folder in ("disk", "images"):
        (tmp_path / folder).mkdir()
    for number in range(IMAGES):
        (tmp_path / "images" / f"{number}.png").write_bytes(encoded("png") + bytes(number))
    variables = {"DISK": tmp_path / "disk", "LOOKALIKE_HOME": tmp_path / "disk" / "home"}
    variables |= {"IMAGES": tmp_path / "images", "MODELS": model_home / "models"}
    environment = {**os.environ, **{name: str(path) for name, path in variables.items()}}
    command = ["unshare", "--mount", "bash", "-c", SCRIPT, "-", *LOOKALIKE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False)
    steps = {name: said for name, _, said in (step.partition("\n") for step in done.stdout.split("# ")[1:])}
    for name in ("start", "model", "images", "export"):
        assert "No space left" in steps[name] and steps[name].endswith("= 1\n"), done.stdout
    for name in ("again", "search"):
        assert steps[name].endswith("= 0\n"), done.stdout
    assert f"{IMAGES} found" in steps["again"] and "Unexpected" not in done.stdout + done.stderr

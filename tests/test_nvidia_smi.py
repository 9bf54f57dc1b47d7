"""What a program of this name says about GPUs, and what it fails to say."""

import os
from pathlib import Path

import pytest

from lookalike import nvidia_smi


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Knows the GPUs 0 and 1."""
    made = tmp_path / "nvidia-smi"
    made.write_text(
        '#!/bin/sh\ncase "$1 $2" in\n'
        '"--id=0,1 --query-gpu=memory.used,memory.total") echo "3174, 81559"; echo "0, 81559";;\n'
        '"--id=1 --query-gpu=name") echo "NVIDIA H100 80GB HBM3";;\n'
        "*) exit 6;;\nesac\n"
    )
    made.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return made


def test_memory_and_names_are_what_it_says(program: Path) -> None:
    assert nvidia_smi.memory(("0", "1")) == ("3.1 of 79.6 GiB", "0.0 of 79.6 GiB")
    assert nvidia_smi.names(("1",)) == ("NVIDIA H100 80GB HBM3",)


def test_what_it_says_of_other_gpus_is_left_out(program: Path) -> None:
    program.write_text('#!/bin/sh\necho "0, 81559"\n')
    assert nvidia_smi.memory(("0",)) == ("0.0 of 79.6 GiB",)
    assert nvidia_smi.memory(()) == nvidia_smi.memory(("0", "1")) == nvidia_smi.names(()) == ()


@pytest.mark.parametrize(
    "script",
    ["exit 6", "echo '[N/A], [N/A]'", "echo '1, 2, 3'", "true", "exec sleep 60", "printf '\\377, 2'"],
)
def test_what_it_does_not_say_is_left_out(program: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(nvidia_smi, "LIMIT_S", 1)
    program.write_text(f"#!/bin/sh\n{script}\n")
    assert nvidia_smi.memory(("0",)) == ()
    program.unlink()
    monkeypatch.setenv("PATH", str(program.parent))
    assert nvidia_smi.memory(("0",)) == ()

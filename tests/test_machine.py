"""The cores and GPUs that a process may use, according to Linux."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.machine import cgroup_cores, nvidia_driver, usable_cores, visible_gpus


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/", {}, math.inf),
        ("0::/pods/one", {"pods/cpu.max": "400000 100000", "pods/one/cpu.max": "max 100000"}, 4),
        ("0::/pods/one", {"pods/cpu.max": "400000 100000", "pods/one/cpu.max": "50000 100000"}, 0.5),
        (
            "4:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}
            | {"cpu/docker/1/cpu.cfs_quota_us": "250000", "cpu/docker/1/cpu.cfs_period_us": "100000"},
            2.5,
        ),
        ("no such line", {"cpu.max": "100000 100000"}, math.inf),
        ("0::/", {"cpu.max": "nonsense"}, math.inf),
    ],
)
def test_the_strictest_parent_control_group_limits_a_process(
    tmp_path: Path, group: str, files: dict[str, str], cores: float
) -> None:
    root = written(tmp_path / "cgroup", files or {"other": ""})
    membership = written(tmp_path, {"membership": group}) / "membership"
    assert cgroup_cores(root, membership) == cores


def test_a_process_that_is_bound_to_one_core_has_one() -> None:
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    code += "from lookalike.machine import usable_cores; print(usable_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert 1 <= usable_cores() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("chosen", "gpus"),
    [
        (None, ("0", "1")),
        ("", ()),
        ("-1", ()),
        ("1", ("1",)),
        ("1,0", ("1", "0")),
        ("0,-1,1", ("0",)),
        ("GPU-5f", ("GPU-5f",)),
    ],
)
def test_gpus_are_limited_by_cuda_visible_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None, gpus: tuple[str, ...]
) -> None:
    devices = written(tmp_path / "dev", {"nvidia0": "", "nvidia1": "", "nvidiactl": "", "nvidia-uvm": ""})
    cards = written(tmp_path / "gpus", {"0000:01:00.0/information": "", "0000:02:00.0/information": ""})
    if chosen is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus(cards, tmp_path) == visible_gpus(tmp_path / "none", devices) == gpus
    assert visible_gpus(tmp_path / "none", tmp_path) == ()


def test_the_branch_of_the_driver_is_read(tmp_path: Path) -> None:
    (tmp_path / "open").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (builder@host)\n"
        "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n"
    )
    (tmp_path / "other").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02\n")
    found = [nvidia_driver(tmp_path / name) for name in ("open", "other", "none")]
    assert found == [580, 470, None]

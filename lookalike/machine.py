"""The CPU cores and GPUs that this process may use. Loads no library to find out."""

import math
import os
import re
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
#: The NVIDIA driver has a folder here for each card.
CARDS = Path("/proc/driver/nvidia/gpus")
DRIVER = Path("/proc/driver/nvidia/version")
#: A container that gets single cards has only their device files.
DEVICES = Path("/dev")


def usable_cores() -> int:
    """Number of cores that this process may use, within the limits of taskset and containers; at least 1.

    A share of 1.5 cores counts as 2, because only a second process uses the half.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, cgroup_cores())))


def cgroup_cores(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> float:
    """The CPU limit of this process's control groups, in cores; infinite if there is none.

    Version 2 has `cpu.max`, version 1 `cpu.cfs_quota_us` (Linux, admin-guide/cgroup-v2 and scheduler/sched-bwc).
    The limits of all parent groups apply as well.
    """
    granted = [math.inf]
    for folder, group in _groups(root, membership):
        granted += [_granted(folder / part) for part in (group, *group.parents)]
    return min(granted)


def _groups(root: Path, membership: Path) -> list[tuple[Path, Path]]:
    """The groups of this process: the folder of a hierarchy, and the path of the group under it."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    fields = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    found = [(root, Path(path.lstrip("/"))) for _, controllers, path in fields if not controllers]
    return found + [(root / "cpu", Path(path.lstrip("/"))) for _, names, path in fields if "cpu" in names.split(",")]


def _granted(group: Path) -> float:
    try:
        if (whole := group / "cpu.max").is_file():
            quota, period = whole.read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text().strip()
            period = (group / "cpu.cfs_period_us").read_text().strip()
        return int(quota) / int(period) if quota.isdigit() and int(quota) > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def visible_gpus(cards: Path = CARDS, devices: Path = DEVICES) -> tuple[str, ...]:
    """The NVIDIA GPUs that this process may use, named as in CUDA_VISIBLE_DEVICES, which limits them: unset means all,
    empty or -1 means none."""
    present = len(list(cards.glob("*"))) or len([path for path in devices.glob("nvidia*") if path.name[6:].isdigit()])
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or not present:
        return tuple(str(number) for number in range(present))
    names = [name.strip() for name in chosen.split(",")]
    # CUDA ignores all names after the first invalid one.
    last = next((place for place, name in enumerate(names) if name in ("", "-1")), len(names))
    return tuple(names[:last])


def nvidia_driver(version: Path = DRIVER) -> int | None:
    """The branch of NVIDIA's driver, such as 580; None without one."""
    try:
        found = re.search(r"\s(\d{3,})\.\d", version.read_text())
    except OSError:
        return None
    return int(found[1]) if found else None

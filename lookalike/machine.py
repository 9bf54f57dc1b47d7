"""What of this machine a process may use: its cores and its GPUs; loads nothing to find out."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
#: NVIDIA's driver keeps a folder for each card here.
CARDS = Path("/proc/driver/nvidia/gpus")
#: In containers that get single cards, only their device files are there.
DEVICES = Path("/dev")


def usable_cores() -> int:
    """Cores this process may run on, which taskset and containers make fewer than the machine's; at least 1.

    A container's share of 1.5 cores counts as 2: the half is only used by a second process.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, cgroup_cores())))


def cgroup_cores(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> float:
    """The cores' time that control groups grant this process, in cores; infinite where they set no limit.

    Version 2 keeps `cpu.max` and version 1 `cpu.cfs_quota_us` (Linux, admin-guide/cgroup-v2 and scheduler/sched-bwc).
    Every group above grants what is its own at most.
    """
    granted = [math.inf]
    for folder, group in _groups(root, membership):
        granted += [_granted(folder / part) for part in (group, *group.parents)]
    return min(granted)


def _groups(root: Path, membership: Path) -> list[tuple[Path, Path]]:
    """Where the limits of this process's groups lie: a hierarchy's folder, and the group's path under it."""
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
    """NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them, which also says which of them it may:
    unset is all of them, empty or -1 is none."""
    present = len(list(cards.glob("*"))) or len([path for path in devices.glob("nvidia*") if path.name[6:].isdigit()])
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or not present:
        return tuple(str(number) for number in range(present))
    names = [name.strip() for name in chosen.split(",")]
    # CUDA ignores what comes after the first name that it cannot use.
    last = next((place for place, name in enumerate(names) if name in ("", "-1")), len(names))
    return tuple(names[:last])

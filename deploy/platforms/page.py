"""docs/platforms.md, from the wheels that were found."""

from collections.abc import Mapping

#: Name of the platform -> uv's name of it.
PLATFORMS = {
    "Linux, x86-64, glibc 2.28 or newer": "x86_64-manylinux_2_28",
    "Linux, Arm, glibc 2.35 or newer": "aarch64-manylinux_2_35",
    "Linux, Arm, glibc 2.28 to 2.34": "aarch64-manylinux_2_28",
    "macOS 13 or newer, Arm": "aarch64-apple-darwin",
    "macOS 13 or newer, x86-64": "x86_64-apple-darwin",
    "Linux, x86-64, musl (Alpine)": "x86_64-unknown-linux-musl",
    "Linux, Arm, musl (Alpine)": "aarch64-unknown-linux-musl",
}
PYTHONS = ("3.11", "3.12", "3.13")
#: What one installs -> its lock file.
INSTALLATIONS = {
    "no extra": "requirements-producer.lock",
    "`api,embedded`": "requirements-embedded.lock",
    "`worker,cloud`": "requirements-worker.lock",
    "`all`": "requirements.lock",
    "`gpu,cloud`": "requirements-gpu.lock",
}
#: Where all tests run.
TESTED = ("Linux, x86-64, glibc 2.28 or newer", "3.11")
#: Where somebody ran the demo and a part of the tests, by hand.
TRIED = frozenset((TESTED[0], python) for python in ("3.12", "3.13"))
#: (Platform, version of Python, installation) -> the packages without a wheel.
Found = Mapping[tuple[str, str, str], set[str]]

HEAD = """\
# Platforms

`python -m deploy.platforms` writes this page. It asks the registry whether each locked package has a wheel. If a
package has none, pip tries to compile it, and most often fails.

**All tests run on Linux, x86-64, with Python 3.11 only.** With 3.12 and 3.13 the demo and a part of the tests ran there
by hand, on 27 November 2026: the table says "tried". Elsewhere, "yes" says that all packages have wheels, and no more.
"""
TAIL = """
- **Linux on Arm** needs glibc 2.35 or newer for everything but the client: Debian 12, Ubuntu 22.04 and newer have it.
  OpenVINO has no wheel for older ones. `all` leaves out the extra `map`, because openTSNE has no wheel;
  `pip install 'lookalike[map]'` compiles it, with a C++ compiler. Without cykooz-resizer, Pillow resizes images. That
  takes three to four times as long.
- **macOS on x86-64** runs the client only. LanceDB, OpenVINO and TensorFlow have no wheels for it any more.
- **Linux with musl** runs the client only. Use a container with glibc, such as `python:3.12-slim`.
- **Python 3.14** runs what needs no TensorFlow: all packages of `api,embedded` have wheels for Linux on x86-64 and for
  macOS on Arm. TensorFlow and h5py have none, so `worker`, `all`, `evaluate`, `int8` and `gpu` do not install.
- **Nobody has run lookalike on macOS or on Arm** for us yet.
- **GPUs** of NVIDIA work on Linux only.
- **Windows** is not supported.
"""


def page(found: Found) -> str:
    """The whole page, in Markdown."""
    head = ["platform", "Python", *INSTALLATIONS]
    lines = [HEAD, _line(head), _line(["---"] * len(head))]
    for platform in PLATFORMS:
        cells = {python: [cell(found[platform, python, name]) for name in INSTALLATIONS] for python in PYTHONS}
        for pythons in _alike(cells):
            said = ", ".join(python + _ran(platform, python) for python in pythons)
            lines.append(_line([platform, said, *cells[pythons[0]]]))
    return "\n".join(lines) + "\n" + TAIL


def cell(missing: set[str]) -> str:
    """The packages of NVIDIA count as one."""
    names = {"nvidia-*" if name.startswith("nvidia-") else name for name in missing}
    return f"no wheel: {', '.join(sorted(names))}" if names else "yes"


def _ran(platform: str, python: str) -> str:
    """What was run there, as words behind the version of Python."""
    if (platform, python) == TESTED:
        return " (tested)"
    return " (tried)" if (platform, python) in TRIED else ""


def _alike(cells: Mapping[str, list[str]]) -> list[list[str]]:
    """The versions of Python, those with the same answers together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for python, row in cells.items():
        groups.setdefault(tuple(row), []).append(python)
    return list(groups.values())


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"

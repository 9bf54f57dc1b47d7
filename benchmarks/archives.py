"""The same images as loose files, and as members of tars and zips on the same disk.

Every side is one ingest with EfficientNet-Lite0 into LanceDB on a running stack; a rate is images done a second of the
job. An archive has 200 members; zips are stored, as those of JPEGs should be.
"""

import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.material import missing, sample
from benchmarks.ours import environment, ingest, running_stack
from benchmarks.table import console, print_rates

ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
COUNT = int(os.environ.get("LOOKALIKE_COUNT", "1600"))
MEMBERS = 200
LOOSE, TARS, ZIPS, PACKED = "loose files", "tars", "zips", ".tar.gz"


def main() -> None:
    if problem := missing():
        console.print(f"Cannot measure the ingest of archives. {problem}")
        return
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        exits.enter_context(environment(folder, f"lancedb://{folder / 'index'}"))
        exits.enter_context(running_stack())
        images = sample(COUNT)
        sources = {
            LOOSE: _listing(folder, images),
            TARS: _shards(folder / "tars", images, lambda path, members: _tar(path.with_suffix(".tar"), members, "w")),
            ZIPS: _shards(folder / "zips", images, _zip),
            PACKED: _shards(folder / "gz", images, lambda path, members: _tar(Path(f"{path}.tar.gz"), members, "w:gz")),
        }
        ingest(_listing(folder, images[:200], "warm"), "warm")
        sides: dict[str, list[float]] = {name: [] for name in sources}
        for number in range(ROUNDS):
            for name, source in sources.items():
                sides[name].append(_rate(source, f"run-{number}-{list(sources).index(name)}"))
    print_rates(f"{COUNT:,} images, efficientnet-lite0", "images/s", sides, baseline=LOOSE)


def _rate(source: Path, index: str) -> float:
    summary = ingest(source, index)
    assert summary["indexed"] == COUNT, f"{summary['indexed']} of {COUNT} images were indexed"
    return float(COUNT / summary["work_seconds"])


def _listing(folder: Path, images: Sequence[str], name: str = "loose") -> Path:
    listing = folder / f"{name}.txt"
    listing.write_text("\n".join(images))
    return listing


def _shards(folder: Path, images: Sequence[str], write: Callable[[Path, dict[str, str]], None]) -> Path:
    """Archives of members in a folder; a member has a number and the name of its image."""
    folder.mkdir()
    for start in range(0, len(images), MEMBERS):
        members = {f"{start + n:06}-{Path(path).name}": path for n, path in enumerate(images[start : start + MEMBERS])}
        write(folder / f"{start // MEMBERS:05}", members)
    return folder


def _tar(path: Path, members: dict[str, str], mode: str) -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, image in members.items():
            archive.add(image, name)


def _zip(path: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, image in members.items():
            archive.write(image, name)

"""Two thousand references of every local kind in one ingest: files, raws, lists, a table, archives."""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.records import Reason
from lookalike.storage import local_uri
from lookalike.uris import member_uri
from testing.archives import write_tar, write_zip
from testing.images import ENCODINGS, encoded, scene
from tests.decoding.test_raw import RAWS as TIFF_RAWS
from tests.decoding.test_raw_containers import FULL, RAWS, SMALL
from tests.hostile.attacks import ATTACKS
from tests.hostile.corpus import BROKEN, INDEXED
from tests.hostile.places import make_specials, write_named

GOOD_FILES, ROWS, MEMBERS, LINES = 800, 400, 400, 300
#: Each of them makes a worker process work for a moment.
_SOME_ATTACKS = ("parts without bytes", "texts", "strips", "items", "chunks", "runs without")


@dataclass
class Mixture:
    """`sources`: what to ingest. `expected`: uri -> allowed outcomes."""

    sources: list[Path] = field(default_factory=list)
    expected: dict[str, frozenset[str]] = field(default_factory=dict)

    def add(self, uri: str, *outcomes: str) -> None:
        assert uri not in self.expected
        self.expected[uri] = frozenset(outcomes)

    def write(self, path: Path, content: bytes, outcomes: Iterable[str]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.add(local_uri(path), *outcomes)
        return path


def make_mixture(root: Path) -> Mixture:
    mixture = Mixture()
    root.mkdir()
    for add in (_files, _formats, _odd, _table, _list, _archives):
        add(mixture, root)
    return mixture


def _files(mixture: Mixture, root: Path) -> None:
    content = [encoded("jpeg", scene(seed=seed)) for seed in range(4)]
    for number in range(GOOD_FILES):
        mixture.write(root / "files" / f"{number % 7}" / f"{number}.jpg", content[number % 4], {INDEXED})
    mixture.sources.append(root / "files")


def _formats(mixture: Mixture, root: Path) -> None:
    """Every format whole and cut, raws with and without a preview of full size, and attacks."""
    folder = root / "formats"
    for name in ENCODINGS:
        data = encoded(name)
        mixture.write(folder / f"whole.{name}", data, {INDEXED})
        mixture.write(folder / f"cut.{name}", data[: len(data) * 2 // 3], {Reason.TRUNCATED})
    for name, raw in RAWS.items():
        mixture.write(folder / f"full.{name}", raw(FULL), {INDEXED})
        mixture.write(folder / f"small.{name}", raw(SMALL), {Reason.UNSUPPORTED})
    for name, data in TIFF_RAWS.items():
        mixture.write(folder / f"{name}.dng", data, {INDEXED})
    for name, make in ATTACKS.items():
        if any(part in name for part in _SOME_ATTACKS):
            mixture.write(folder / f"{name}.attack", make(), BROKEN | {INDEXED})
    mixture.sources.append(folder)


def _odd(mixture: Mixture, root: Path) -> None:
    folder = root / "odd"
    folder.mkdir()
    for path in write_named(folder / "a.tar", encoded("png")):
        mixture.add(local_uri(path), INDEXED)
    for path in make_specials(folder / "x.jpg")[0]:
        mixture.add(local_uri(path), Reason.NOT_REGULAR)
    for name in ("s3:/bucket/k.jpg", "http:/host/k.jpg", "{1..3}.jpg", "a.tar#b.jpg", "%23.jpg", "#.JPG", "-.jpg"):
        mixture.write(folder / name, encoded("jpeg"), {INDEXED})
    write_tar(mixture.write(folder / "archive.jpg", b"", {Reason.UNSUPPORTED}), {"a.jpg": encoded("jpeg")})
    with mixture.write(folder / "sparse.jpg", b"", {Reason.TOO_LARGE}).open("wb") as file:
        file.truncate(2**40)
    (folder / "ring").symlink_to(folder)
    (folder / "ring.jpg").symlink_to(folder / "ring.jpg")
    mixture.add(f"{folder}/ring.jpg", Reason.UNREADABLE)
    mixture.sources.append(folder)


def _table(mixture: Mixture, root: Path) -> None:
    """A third of its rows is bad, each in one of three ways."""
    table = root / "rows" / "rows.csv"
    table.parent.mkdir()
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "label"])
        for number in range(1, ROWS + 1):
            kind = number % 12
            name = {1: "", 5: f"{number}/" + "x" * 9000, 9: f"gone-{number}.jpg"}.get(kind, f"{number}.jpg")
            writer.writerow([name, "a"])
            if kind in (1, 5):
                mixture.add(f"{table}#row={number}", Reason.BAD_URI)
            elif kind == 9:
                mixture.add(f"{table.parent}/{name}", Reason.NOT_FOUND)
            else:
                mixture.write(table.parent / name, encoded("jpeg"), {INDEXED})
    mixture.sources.append(table)


def _list(mixture: Mixture, root: Path) -> None:
    listing = root / "listed" / "list.txt"
    listing.parent.mkdir()
    lines: list[bytes] = []
    for number in range(1, LINES + 1):
        if number % 10 == 1:
            lines.append(b"x" * 20_000)
            mixture.add(f"{listing}#row={number}", Reason.BAD_URI)
        elif number % 10 == 5:
            lines.append(b"http://h\xff/%d.jpg" % number)
            mixture.add(f"{listing}#row={number}", Reason.BAD_URI)
        elif number % 10 == 9:
            gone = os.path.join(listing.parent, os.fsdecode(b"gone \xff %d.jpg" % number))
            lines.append(b"file://localhost" + os.fsencode(gone))
            mixture.add(local_uri(gone), Reason.NOT_FOUND)
        else:
            path = mixture.write(listing.parent / f"{number}.jpg", encoded("jpeg"), {INDEXED})
            lines.append(os.fsencode(path))
    listing.write_bytes(b"\n".join(lines))
    mixture.sources.append(listing)


def _archives(mixture: Mixture, root: Path) -> None:
    good, cut = encoded("jpeg"), encoded("heif")[:300]
    for write, name in ((write_tar, "a.tar"), (write_zip, "b.ZIP")):
        path = root / "archives" / name
        members = {f"{number % 5}/{number}.jpg": cut if number % 10 == 3 else good for number in range(MEMBERS // 2)}
        write(path, members | {"../../up.jpg": good, "inner.zip": b"PK"})
        for member, content in members.items():
            mixture.add(member_uri(str(path), member), INDEXED if content is good else Reason.TRUNCATED)
        mixture.add(member_uri(str(path), "../../up.jpg"), INDEXED)
        mixture.add(member_uri(str(path), "inner.zip"), Reason.UNSUPPORTED)
    whole = write_tar(root / "archives" / "cut.tar", {"a.jpg": good, "b.jpg": good})
    whole.write_bytes(whole.read_bytes()[: -(-len(good) // 512) * 512 + 1024])
    mixture.add(str(whole), Reason.TRUNCATED)
    mixture.add(member_uri(str(whole), "a.jpg"), INDEXED)
    mixture.add(member_uri(str(whole), "b.jpg"), Reason.TRUNCATED)
    mixture.sources.append(root / "archives")

"""To compare what has changed finds what a comparison of everything finds."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.index import Index, open_index
from lookalike.reading.reader import Reader
from lookalike.settings import read_settings
from lookalike_producer import changes
from lookalike_producer.changes import Changes
from lookalike_producer.comparison import compare
from lookalike_producer.examiner import Files
from lookalike_producer.finding import SyncStatus
from lookalike_producer.part import Part, Whole, part_of
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_changed, find_images
from lookalike_producer.walk.options import USUAL, WalkOptions
from tests.index.documents import COSINE, clustered_vectors, document
from tests.producer.comparison.records import Records

OPTIONS = WalkOptions(exclude=("raw/", "*.tmp"))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with closing(open_index(f"lancedb://{tmp_path}/index", "images")) as opened:
        opened.ensure(COSINE)
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    for name in ("a.jpg", "b.jpg", "sub/c.jpg", "sub/deep/d.jpg", "other/e.jpg", "other/f.jpg", ".hidden/g.jpg"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(name.encode())
    return made


def found(index: Index, folder: Path, extent: Whole | Part, options: WalkOptions) -> dict[str, SyncStatus]:
    """The differences, by uri."""
    is_part = isinstance(extent, Part)
    references = find_changed(extent, "parent", options) if is_part else find_images([str(folder)], options=options)  # type: ignore[arg-type]
    with closing(Reader(read_settings(home=folder, roots=("/",)))) as reader:
        files = Files(reader.fetch, reader.state, reader.look, lambda reason: "1", reads_all=True)
        findings = list(
            compare(references, extent, index=index, files=files, records=Records(), fingerprint=COSINE.fingerprint)
        )
    return {item.uri: item.status for item in findings if item.status is not SyncStatus.PRESENT}


def settle(index: Index, differences: dict[str, SyncStatus]) -> None:
    """What a sync does about them."""
    vector = clustered_vectors(1)[0]
    for uri, status in differences.items():
        made = document(uri, vector)
        if status is SyncStatus.ORPHANED:
            index.delete([made.id])
        elif status is not SyncStatus.UNREADABLE:
            content = hashlib.sha256(Path(uri).read_bytes()).hexdigest()
            index.write([replace(made, name=Path(uri).parent.name, content_sha256=content)])
    index.refresh()


def replaced_by_rename(folder: Path) -> None:
    (folder / "a.jpg.part").write_bytes(b"another")
    (folder / "a.jpg.part").rename(folder / "a.jpg")


def moved_in(folder: Path) -> None:
    outside = folder.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    for name in ("h.jpg", "deep/i.jpg", "deep/j.tmp", ".k.jpg"):
        (outside / name).write_bytes(name.encode())
    outside.rename(folder / "new")


def exchanged(folder: Path) -> None:
    """Another folder under the same name."""
    (folder / "other").rename(folder.parent / "former")
    (folder / "other").mkdir()
    (folder / "other" / "f.jpg").write_bytes(b"changed")


ACTS: dict[str, Callable[[Path], object]] = {
    "added": lambda folder: (folder / "sub" / "new.jpg").write_bytes(b"new"),
    "changed": lambda folder: (folder / "b.jpg").write_bytes(b"changed"),
    "replaced": replaced_by_rename,
    "removed": lambda folder: (folder / "sub" / "new.jpg").unlink(),
    "renamed": lambda folder: (folder / "b.jpg").rename(folder / "sub" / "b.jpg"),
    "moved in": moved_in,
    "moved": lambda folder: (folder / "new" / "deep").rename(folder / "sub" / "moved"),
    "exchanged": exchanged,
    "moved out": lambda folder: (folder / "sub").rename(folder.parent / "away"),
    "came back": lambda folder: (folder.parent / "away").rename(folder / "back"),
    "removed with all": lambda folder: shutil.rmtree(folder / "back"),
    "a link": lambda folder: (folder / "link.jpg").symlink_to(folder / "a.jpg"),
    "a link to a folder": lambda folder: (folder / "links").symlink_to(folder / "new"),
    "a broken link": lambda folder: (folder / "broken.jpg").symlink_to("nowhere"),
    "hidden": lambda folder: (folder / ".hidden" / "g.jpg").write_bytes(b"changed"),
    "excluded": lambda folder: shutil.copytree(folder / "new", folder / "raw"),
    "a copy": lambda folder: shutil.copytree(folder / "new", folder / "copy"),
}


def test_what_has_changed_is_all_that_differs(
    index: Index, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "QUIET_S", 0.3)
    in_scope = scopes([str(folder)], options=OPTIONS)
    settle(index, found(index, folder, Whole(in_scope), OPTIONS))
    with closing(Changes([str(folder)], None, tmp_path / "home")) as watched:
        watched.begin(pytest.fail)
        for name, act in ACTS.items():
            act(folder)
            changed = watched.wait()
            assert changed is not None, name
            part = part_of([str(folder)], OPTIONS, in_scope, changed, index)
            assert part is not None, name
            everything = found(index, folder, Whole(in_scope), OPTIONS)
            differences = found(index, folder, part, OPTIONS)
            # A broken link is no image until a job has said so.
            new: dict[str, SyncStatus] = {
                uri: status for uri, status in everything.items() if status is not SyncStatus.UNREADABLE
            }
            assert {uri: differences.get(uri) for uri in new} == new, name
            assert differences.keys() <= everything.keys(), name
            settle(index, new)


def test_everything_is_compared_where_one_file_tells_of_others(index: Index, folder: Path) -> None:
    in_scope = scopes([str(folder)])

    def is_part(path: Path, options: WalkOptions = USUAL, *others: str) -> bool:
        return part_of([str(folder), *others], options, in_scope, {str(path)}, index) is not None

    assert is_part(folder / "a.jpg")
    assert not is_part(folder)
    assert not is_part(folder.parent)
    assert not is_part(folder / "a.jpg", WalkOptions(follow_links=True))
    assert not is_part(folder / ".lookalikeignore"), "it says which others are left out"
    assert not is_part(folder / "gone.tar") and not is_part(folder / "metadata.csv")
    with tarfile.open(folder / "a.tar", "w") as archive:
        archive.add(folder / "a.jpg", "a.jpg")
    assert not is_part(folder / "a.tar")
    shard = folder / "00000"
    shard.mkdir()
    assert is_part(shard / "0.jpg")
    (folder / "00000_stats.json").touch()
    assert not is_part(shard / "0.jpg") and not is_part(shard / "0.json"), "a sidecar tells of its image"
    assert not is_part(folder / "00000_stats.json")
    listing = folder / "list.txt"
    listing.write_text("a.jpg\n")
    assert is_part(listing) and not is_part(listing, USUAL, str(listing)), "it names other images now"
    table = folder.parent / "t.csv"
    table.write_text("path,year\nphotos/a.jpg,2001\n")
    assert not is_part(folder / "a.jpg", USUAL, str(table)), "the row of the image was not read"
    (folder / "metadata.csv").write_text("file_name,year\na.jpg,2001\n")
    assert not is_part(folder / "a.jpg")


def test_many_paths_that_are_gone_are_looked_up_by_their_ids(index: Index, folder: Path) -> None:
    in_scope = scopes([str(folder)])
    settle(index, {f"{folder}/{number}.jpg": SyncStatus.UNREADABLE for number in range(2)})
    gone = [f"{folder}/{number}.jpg" for number in range(3000)]
    index.write([document(uri, clustered_vectors(1)[0]) for uri in gone])
    index.refresh()
    part = part_of([str(folder)], USUAL, in_scope, gone, index)
    assert part is not None and part.below == []
    assert set(found(index, folder, part, USUAL)) == set(gone)
    strangers = [f"{folder}/{number}.part" for number in range(40)]
    assert part_of([str(folder)], USUAL, in_scope, strangers, index) is None, "each may have been a folder"


def test_a_name_that_is_not_utf_8_is_found_in_a_folder_that_has_changed(index: Index, folder: Path) -> None:
    odd = folder / "new" / os.fsdecode(b"\xff.jpg")
    odd.parent.mkdir()
    odd.write_bytes(b"x")
    part = part_of([str(folder)], USUAL, scopes([str(folder)]), [str(odd.parent)], index)
    assert part is not None
    assert [ref.uri[-7:] for ref in find_changed(part, "parent", USUAL)] == ["%FF.jpg"]

"""Which copies may be removed: never the last one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.duplicates import Group, Member, removable
from lookalike.duplicates.groups import time_of
from lookalike.storage import local_path, local_uri

#: Of all files: what is compared has whole seconds.
NOON_NS = 1_764_244_800_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "old/b.jpg", "p#1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, ns=(NOON_NS, NOON_NS))
    return tmp_path


def group(folder: Path, *names: str) -> Group:
    """A group of files as they were indexed; the first one is to be kept."""
    members = []
    for name in names:
        uri = name if "://" in name else local_uri(folder / name)
        is_local = name != uri
        size_bytes, modified_at = (1, time_of(NOON_NS)) if is_local else (None, None)
        members.append(Member(uri, uri, None, "s", size_bytes=size_bytes, modified_at=modified_at))
    return Group(tuple(members), True, 1.0, members[0].id, members[0].id, "path")


def names(folder: Path, found: list[Member]) -> list[str]:
    return [local_path(member.uri).removeprefix(f"{folder}/") for member in found]


def test_all_others_can_go_while_the_files_are_as_they_were(folder: Path) -> None:
    assert names(folder, removable(group(folder, "a.jpg", "old/b.jpg", "p#1.jpg"))) == ["old/b.jpg", "p#1.jpg"]


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def edited(path: Path) -> None:
    path.write_bytes(b"y")


@pytest.mark.parametrize("happen", [Path.unlink, emptied, edited])
def test_another_copy_stays_when_the_one_to_keep_is_gone_or_another_one_now(
    folder: Path, happen: Callable[[Path], None]
) -> None:
    three, two = group(folder, "a.jpg", "old/b.jpg", "p#1.jpg"), group(folder, "a.jpg", "old/b.jpg")
    happen(folder / "a.jpg")
    assert names(folder, removable(three)) == ["old/b.jpg"], "the shorter path stays"
    assert removable(two) == [], "it is the last one"
    happen(folder / "old" / "b.jpg")
    assert removable(three) == []


def test_a_file_does_not_go_for_a_link_to_it_or_for_another_path_of_it(folder: Path) -> None:
    (folder / "link.jpg").symlink_to("a.jpg")
    (folder / "new").symlink_to("old")
    assert removable(group(folder, "link.jpg", "a.jpg")) == []
    assert removable(group(folder, "new/b.jpg", "old/b.jpg")) == []
    both = removable(group(folder, "new/b.jpg", "old/b.jpg", "link.jpg", "a.jpg"))
    assert names(folder, both) == ["link.jpg", "a.jpg"]


def test_what_lies_elsewhere_counts_as_it_is_indexed(folder: Path) -> None:
    stored = group(folder, "s3://shop/a.jpg", "s3://shop/b.jpg", "a.jpg")
    assert [member.uri for member in removable(stored)] == ["s3://shop/b.jpg", f"{folder}/a.jpg"]

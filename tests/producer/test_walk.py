"""A walk reaches every image once, and no bad place ends or multiplies it."""

import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.clutter import CLUTTER, CLUTTER_ENDS
from lookalike.errors import BadSetting
from lookalike.records import Reason
from lookalike_producer.places import placed
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import Pattern
from lookalike_producer.walk.walker import OPEN_FOLDERS
from testing.processes import ROOT
from tests.producer.folders import below, found, unprivileged, write, write_deep

ALBUM = ("album/a.jpg", "album/b.jpg", "album/c.jpg")
FOLLOW = WalkOptions(follow_links=True)


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for more levels than Python, and so pytest, can remove."""
    yield tmp_path / "z"
    subprocess.run(["rm", "-rf", tmp_path / "z"], check=True)


#: A program that may open so many files more than it has, and walks from a folder. In a process of its own: threads of
#: this one may open files meanwhile.
LIMITED = """
import itertools, json, os, resource, sys
from pathlib import Path
from lookalike.errors import ResourceExhausted
from testing.processes import ROOT
from tests.producer.folders import found

count, folder, *sources = sys.argv[1:]
found(Path(folder), *sources)  # Imports what a walk needs.
held = set(map(int, os.listdir("/proc/self/fd")))
free = (number for number in itertools.count() if number not in held)
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (next(itertools.islice(free, int(count), None)), hard))
try:
    print(json.dumps(found(Path(folder), *sources)))
except ResourceExhausted as error:
    print(json.dumps(str(error)))
"""


def found_with(descriptors: int, folder: Path, *sources: object) -> Any:
    """What a process finds that may open so many files, or its error."""
    arguments = [str(descriptors), str(folder), *map(str, sources)]
    output = subprocess.check_output([sys.executable, "-c", LIMITED, *arguments], cwd=ROOT, text=True)
    return json.loads(output.splitlines()[-1])


@pytest.mark.parametrize("pattern", ["", "/**", "/**/*.jpg", "/**/**/*.jpg", "/*/*.jpg", "/*/**/*.jpg"])
def test_a_link_back_multiplies_nothing(pattern: str, tmp_path: Path) -> None:
    write(tmp_path, *ALBUM)
    (tmp_path / "album" / "all").symlink_to("..")
    (tmp_path / "again").symlink_to(".")
    assert found(tmp_path, f"{tmp_path}{pattern}") == list(ALBUM)
    assert found(tmp_path, f"{tmp_path}{pattern}", options=FOLLOW) == list(ALBUM)


def test_followed_links_add_each_folder_and_each_file_once(tmp_path: Path) -> None:
    pictures = write(tmp_path / "pictures", "own.jpg", "deep/inner.jpg")
    elsewhere = write(tmp_path / "elsewhere", "far.jpg", "sub/farther.jpg", ".hidden.jpg")
    for name in ("a-link", "z-link"):
        (pictures / name).symlink_to(elsewhere)
    (pictures / "to-sub").symlink_to(elsewhere / "sub")
    (elsewhere / "back").symlink_to(pictures)
    (pictures / "copy.jpg").symlink_to("own.jpg")
    (pictures / "linked.jpg").symlink_to(elsewhere / ".hidden.jpg")
    (pictures / "gone.jpg").symlink_to("nowhere.jpg")
    own = ["deep/inner.jpg", "own.jpg"]
    names = found(pictures, options=FOLLOW)
    assert [name for name in names if name in own] == own
    assert sorted(map(os.path.basename, names)) == sorted(
        ["inner.jpg", "own.jpg", "far.jpg", "farther.jpg", "linked.jpg", "gone.jpg"]
    )
    # Without the option, a link to a file is an image of its own.
    assert found(pictures) == sorted([*own, "copy.jpg", "linked.jpg", "gone.jpg"])


def test_followed_links_between_sources_lead_nowhere_twice(tmp_path: Path) -> None:
    write(tmp_path, "a/1.jpg", "b/2.jpg", "b/sub/3.jpg", "c/4.png")
    for name in ("b", "c"):
        (tmp_path / "a" / f"to-{name}").symlink_to(tmp_path / name)
    (tmp_path / "a" / "two.jpg").symlink_to(tmp_path / "b" / "2.jpg")
    (tmp_path / "b" / "to-a").symlink_to(tmp_path / "a")
    own = ["a/1.jpg", "b/2.jpg", "b/sub/3.jpg"]
    for sources in (("a", "b"), ("b", "a"), ("a/**/*.jpg", "b"), ("b", "a/**/*.jpg")):
        names = found(tmp_path, *(tmp_path / source for source in sources), options=FOLLOW)
        assert [name for name in names if not name.endswith(".png")] == own, sources
    # Each pattern goes through a link by itself.
    assert found(tmp_path, tmp_path / "a" / "*.jpg", tmp_path / "a" / "*" / "*.png", options=FOLLOW) == [
        "a/1.jpg",
        "a/to-c/4.png",
        "a/two.jpg",
    ]


def test_deep_folders_are_walked_with_few_open_files(tmp_path: Path, deep_folder: Path) -> None:
    write(tmp_path, "a.jpg")
    deep = write_deep(deep_folder, 1200)
    for number in range(3):
        write(Path(deep).parent / f"side{number}", "b.jpg")
    assert len(found_with(OPEN_FOLDERS + 4, tmp_path)) == 5
    assert found_with(OPEN_FOLDERS + 4, tmp_path, tmp_path / "**" / "deep.jpg") == [deep.removeprefix(f"{tmp_path}/")]


def test_a_lack_of_descriptors_is_no_fault_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a/b/c.jpg")
    assert "ulimit -n" in found_with(1, tmp_path)


def test_a_folder_that_cannot_be_listed_is_one_record_and_the_walk_goes_on(tmp_path: Path, deep_folder: Path) -> None:
    write(tmp_path, "a.jpg", "b/c.jpg")
    far = write_deep(deep_folder, 2100)
    references = list(find_images([str(tmp_path)]))
    [folder] = [ref for ref in references if isinstance(ref, UnlistedFolder)]
    assert far.startswith(folder.uri)
    assert folder.rejected.reason is Reason.NOT_FOUND and "too long" in folder.rejected.detail
    assert below(tmp_path, (ref.uri for ref in references if ref is not folder)) == ["a.jpg", "b/c.jpg"]


def test_a_folder_that_disappears_during_the_walk_is_one_record(tmp_path: Path) -> None:
    write(tmp_path, "gone/a.jpg", "stays/b.jpg")
    walk = find_images([str(tmp_path / "gone"), str(tmp_path / "stays")])
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    gone, stays = walk
    assert isinstance(gone, UnlistedFolder) and gone.rejected.reason is Reason.NOT_FOUND
    assert stays.uri == f"{tmp_path}/stays/b.jpg"


def test_a_folder_without_permission_is_one_record() -> None:
    # Every user may enter the folder of temporary files, but not those of pytest.
    with tempfile.TemporaryDirectory() as name, unprivileged(name):
        folder = write(Path(name) / "pictures", "a.jpg", "closed/b.jpg", "entered/c.jpg")
        (folder / "closed").chmod(0)
        (folder / "entered").chmod(0o100)
        try:
            references = list(find_images([str(folder)]))
            globbed = list(find_images([f"{folder}/**/*.jpg"]))
        finally:
            for closed in ("closed", "entered"):
                (folder / closed).chmod(0o700)
        for refs in (references, globbed):
            reasons = {ref.uri: ref.reason for ref in refs if isinstance(ref, UnlistedFolder)}
            assert reasons == dict.fromkeys([f"{folder}/closed", f"{folder}/entered"], Reason.UNREADABLE)
            assert len(refs) == 3


LEFT = (
    *("@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/d.jpg", "$RECYCLE.BIN/d.jpg", "#snapshot/daily/d.jpg"),
    *("lost+found/d.jpg", "__MACOSX/._a.jpg", ".stversions/d.jpg", ".Trash-1000/d.jpg", "@Recycle/d.jpg"),
    *("a.jpg:Zone.Identifier", "Picasa.ini", "ehthumbs.db", "Thumbs.db", ".DS_Store", "System Volume Information/d"),
    *("Catalog Previews.lrdata/p.jpg", "@Recently-Snapshot/d.jpg", ".thumbnails/d.jpg", "RECYCLER/d.jpg", "Icon\r"),
)


def test_hidden_files_and_clutter_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    write(tmp_path, *ALBUM, *(f"album/{name}" for name in LEFT))
    everything = WalkOptions(include_hidden=True)
    for source in (tmp_path, tmp_path / "**", tmp_path / "*" / "**"):
        assert found(tmp_path, source) == list(ALBUM)
        assert len(found(tmp_path, source, options=everything)) == len(ALBUM) + len(LEFT)


def test_clutter_that_a_source_names_is_no_clutter(tmp_path: Path) -> None:
    write(tmp_path, *ALBUM, *(f"album/{name}" for name in LEFT))
    bin = "album/#recycle/d.jpg"
    for source in ("album/#recycle", "album/#recycle/*", "*/#recycle/*.jpg", "**/#recycle/**", bin):
        assert found(tmp_path, tmp_path / source) == [bin]


@pytest.mark.parametrize(
    ("patterns", "left"),
    {
        ("*.png",): ["a/b/c.jpg", "a/b/raw.jpg", "a/x.jpg", "raw/d.jpg", "y.jpg"],
        ("raw/",): ["a/b/c.jpg", "a/b/raw.jpg", "a/b/z.png", "a/x.jpg", "y.jpg"],
        ("/a/",): ["raw/d.jpg", "y.jpg"],
        ("a/**/*.jpg",): ["a/b/z.png", "raw/d.jpg", "y.jpg"],
        ("*", "!y.jpg"): ["y.jpg"],
        ("*.jpg", "!x.jpg"): ["a/b/z.png", "a/x.jpg"],
        ("#*", "**/b/*"): ["a/x.jpg", "raw/d.jpg", "y.jpg"],
    }.items(),
)
def test_patterns_of_gitignore_exclude(patterns: tuple[str, ...], left: list[str], tmp_path: Path) -> None:
    write(tmp_path, "a/b/c.jpg", "a/b/raw.jpg", "a/b/z.png", "a/x.jpg", "raw/d.jpg", "y.jpg")
    listing = tmp_path.with_suffix(".txt")
    options = WalkOptions(exclude=patterns)
    assert found(tmp_path, options=options) == left
    assert found(tmp_path, tmp_path / "**", options=options) == left
    listing.write_text("".join(f"{tmp_path.name}/{name}\n" for name in left))
    if not any(pattern.startswith("/") for pattern in patterns):
        assert found(tmp_path, listing, options=options) == left


def test_a_pattern_with_a_hash_is_no_comment(tmp_path: Path) -> None:
    write(tmp_path, "#1.jpg", "#bin/a.jpg", "b.jpg")
    assert found(tmp_path, options=WalkOptions(exclude=("#*",))) == ["b.jpg"]


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    for pattern in ("!", "", " "):
        with pytest.raises(BadSetting, match=repr(pattern)):
            find_images([str(tmp_path)], options=WalkOptions(exclude=("*.png", pattern)))


@pytest.mark.parametrize("name", ["trip [rome]", "[red]", "what?", "a*b", "open [", "[!x]", "**"])
def test_a_folder_with_wildcards_in_its_name_is_found_by_its_name(name: str, tmp_path: Path) -> None:
    write(tmp_path, f"{name}/a.jpg", f"{name}/deep/b.jpg", f"sub/{name}/c.jpg", "trip r/no.jpg")
    inside = [f"{name}/a.jpg", f"{name}/deep/b.jpg"]
    assert found(tmp_path, tmp_path / name) == inside
    assert found(tmp_path, tmp_path / name / "*.jpg") == inside[:1]
    assert found(tmp_path, tmp_path / name / "**" / "*.jpg") == inside
    assert f"sub/{name}/c.jpg" in found(tmp_path, tmp_path / "*" / name / "*.jpg")
    # Also if it is gone, as for documents of the index.
    assert Pattern(("*", name, "*.jpg")).fits(("sub", name, "c.jpg"))


def test_sources_that_overlap_count_once(tmp_path: Path) -> None:
    write(tmp_path, *ALBUM, "album/.h.jpg", "album 2/d.jpg")
    listing = write(tmp_path, "some.txt") / "some.txt"
    listing.write_text("album/a.jpg\nalbum/a.jpg\n./album//b.jpg\nalbum/.h.jpg\n")
    album, a = tmp_path / "album", tmp_path / "album" / "a.jpg"
    for sources in [(album, album), (album, a), (a, album), (album, album / "*.jpg"), (album / "**", album, a, a)]:
        assert found(tmp_path, *sources) == list(ALBUM)
    assert found(tmp_path, listing) == ["album/.h.jpg", *ALBUM[:2]]
    assert found(tmp_path, album, listing, f"/{album}/") == ["album/.h.jpg", *ALBUM]
    assert found(tmp_path, album, tmp_path / "album 2") == ["album 2/d.jpg", *ALBUM]


def test_special_files_are_found_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    os.mkfifo(tmp_path / "list.txt")
    # Opened, they would wait for ever.
    assert found(tmp_path) == ["fifo.jpg", "list.txt"]


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path / "few" / f"{number}", "a.jpg")
    for number in range(6000):
        os.makedirs(tmp_path / "many" / f"{number}")
        os.mknod(tmp_path / "many" / f"{number}" / "a.jpg")
        os.mknod(tmp_path / f"{number}.jpg")
    assert peak(tmp_path) - peak(tmp_path / "few") < 100_000


def peak(folder: Path) -> int:
    tracemalloc.start()
    try:
        for _ in find_images([str(folder)]):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_pattern_of_many_stars_is_matched_in_no_time() -> None:
    pattern = Pattern(("**", "a*") * 20)
    assert pattern.fits(["a"] * 200) and not pattern.fits(["a"] * 200 + ["b"])


def test_a_glob_starts_at_the_folder_that_exists(tmp_path: Path) -> None:
    write(tmp_path, "x [1]/a.jpg")
    assert [vars(place) for place in placed([f"{tmp_path}/x [1]/[ab].*"])] == [
        {"folder": f"{tmp_path}/x [1]", "parts": ("[ab].*",), "is_glob": True, "tables": ()}
    ]


def test_what_is_left_out_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text().lower()
    assert [name for name in (*CLUTTER, *CLUTTER_ENDS) if f"`{name.strip()}`" not in page] == []

"""Where the label of an image comes from."""

import os
import signal
import tarfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from lookalike.errors import BadSetting
from lookalike_producer import label_pattern
from lookalike_producer.labels import label_of_path, labeller, noted
from lookalike_producer.sources import find_images

NAMES = ("2024/paris/tower_01.jpg", "2024/rome.jpg", "loose.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "trips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    with tarfile.open(tmp_path / "trips.tar", "w") as archive:
        for name in NAMES:
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, BytesIO(b"x"))
    return tmp_path


@pytest.mark.parametrize(
    ("label_from", "labels"),
    [
        ("parent", ["paris", "2024", "trips"]),
        ("top", ["2024", "2024", None]),
        ("none", [None, None, None]),
        (r"regex:([a-z]+)(_\d+)?\.jpg$", ["tower", "rome", "loose"]),
        (r"regex:(?P<label>\d{4})/[a-z]+/", ["2024", None, None]),
        (r"regex:\d\d(?=\.)", ["01", None, None]),
    ],
)
def test_a_label_comes_from_the_place_that_is_asked_for(
    folder: Path, label_from: str, labels: list[str | None]
) -> None:
    root = folder / "trips"
    found = {ref.uri: ref.label for ref in find_images([str(root)], label_from)}
    assert [found[f"{root}/{name}"] for name in NAMES] == labels
    # In an archive, nothing is above the topmost folder.
    members = {ref.uri.partition("#")[2]: ref.label for ref in find_images([f"{root}.tar"], label_from)}
    assert [members[name] for name in NAMES] == [None if label == "trips" else label for label in labels]


def test_the_innermost_of_several_sources_counts(folder: Path) -> None:
    label = labeller("top", ["/a", "/a/b/", ""])
    assert [label.of(place, "x.jpg") for place in ("/a/c/d", "/a/b/c/d", "/a/b", "x/y")] == ["c", "c", None, "x"]


def test_an_image_that_is_a_source_itself_has_the_label_of_its_folder(folder: Path) -> None:
    (ref,) = find_images([str(folder / "trips/2024/paris/tower_01.jpg")], "top")
    assert ref.label == "paris"


def test_a_name_that_is_not_utf8_gives_a_label_that_is(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(path)
    Path(os.fsdecode(path), "a.jpg").write_bytes(b"x")
    assert [ref.label for ref in find_images([str(tmp_path)], "top")] == ["caf\N{REPLACEMENT CHARACTER}"]
    assert [ref.label for ref in find_images([str(tmp_path)], r"regex:(caf.)/")] == ["caf\N{REPLACEMENT CHARACTER}"]


def test_a_path_alone_has_a_label_and_a_web_address_has_none() -> None:
    assert label_of_path("top")("/a/b/c.jpg") == "b"
    assert label_of_path(r"regex:(\w)\.jpg")("/a/b/c.jpg") == "c"
    assert label_of_path("parent")("https://example.com/b/c.jpg") is None


@pytest.mark.parametrize(
    ("label_from", "message"),
    [
        ("parents", "cannot come from"),
        ("regex:(", "is not a regular expression"),
        ("regex:[[", "is not a regular expression"),
        ("regex:a{99999999999}", "is not a regular expression: the repetition number is too large"),
        (f"regex:{'(' * 3000}{')' * 3000}", "is not a regular expression: maximum recursion"),
        ("regex:", "without a pattern"),
    ],
    ids=lambda text: text[:20],
)
def test_what_names_no_place_is_refused(label_from: str, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        labeller(label_from)


def test_a_pattern_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_pattern, "LIMIT_S", 0.1)
    label = labeller(r"regex:(a+)+\d")
    with pytest.raises(BadSetting, match=r"'\(a\+\)\+\\\\d' takes more than 0.1 s for '/a/a{60}.jpg'"):
        label.of("/a", f"{'a' * 60}.jpg")
    assert label.of("/a", "aa7.jpg") == "aa"
    # The limit has gone with its search.
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(label.of, "/a", "aa7.jpg").result() == "aa", "no signal reaches a thread"


def test_a_pattern_that_python_may_read_otherwise_one_day_is_used_without_a_warning() -> None:
    assert labeller("regex:[[a]b").of("/x", "ab.jpg") == "ab"


@pytest.mark.parametrize(("label_from", "is_noted"), [("regex:nowhere", True), ("regex:paris", False), ("none", False)])
def test_a_pattern_that_finds_no_label_at_all_is_noted(folder: Path, label_from: str, is_noted: bool) -> None:
    notes: list[str] = []
    found = noted(find_images([str(folder)], label_from), label_from, notes)
    assert {ref.label for ref in found} >= {None}
    assert notes == ["No image has a label: 'regex:nowhere' finds none in any path."] * is_noted

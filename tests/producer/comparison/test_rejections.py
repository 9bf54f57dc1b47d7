"""Rejections stand until something changes, and are forgotten with what they were about."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.index import Index
from lookalike.records import Basis, ImageRef, Reason, Rejected
from lookalike_producer.finding import SyncStatus
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images
from testing.archives import write_tar
from tests.producer.comparison.compared import findings, store
from tests.producer.comparison.records import Records, refused, rejection


def test_an_image_that_was_rejected_is_rejected_until_something_changes(index: Index, folder: Path) -> None:
    names = ("cut", "mended", "label", "price", "limit", "kept", "relabelled", "deleted", "new")
    content = dict.fromkeys(names, b"cut") | {"mended": b"good", "kept": b"x", "relabelled": b"x", "new": b"x"}
    for name, data in content.items():
        (folder / name).write_bytes(data)
    store(index, folder / "kept", b"before")
    store(index, folder / "relabelled", b"before")
    store(index, folder / "gone", b"before")
    (folder / "kept").write_bytes(b"y")
    (folder / "relabelled").write_bytes(b"x")
    (folder / "gone").unlink()
    missing = folder / "never there"
    records = Records(
        rejection(folder / "cut", Reason.TRUNCATED, b"cut"),
        rejection(folder / "mended", Reason.TRUNCATED, b"cut"),
        replace(rejection(folder / "label", Reason.TRUNCATED, b"cut"), ref=ImageRef(str(folder / "label"), "other")),
        replace(rejection(folder / "price", Reason.BAD_METADATA, b"cut"), ref=ImageRef(str(folder / "price"), "other")),
        replace(rejection(folder / "limit", Reason.TOO_LARGE, b"cut"), basis=Basis("", "", "another limit")),
        rejection(folder / "kept", Reason.TIMEOUT, b"y", kept=True),
        replace(
            rejection(folder / "relabelled", Reason.TIMEOUT, b"x", kept=True),
            ref=ImageRef(str(folder / "relabelled"), "other"),
        ),
        rejection(folder / "deleted", Reason.TIMEOUT, b"cut", kept=True),
        rejection(folder / "gone", Reason.NOT_FOUND, kept=True),
        rejection(missing, Reason.NOT_FOUND),
    )
    refs = [ImageRef(str(folder / name)) for name in (*content, "gone")] + [ImageRef(str(missing))]
    found = list(findings(refs, [], index, records))
    assert {Path(item.uri).name for item in found if item.is_outdated} == {"label"}, "its record needs the new label"
    assert {Path(item.uri).name: item.status for item in found} == {
        "cut": SyncStatus.REJECTED,
        "mended": SyncStatus.MISSING,
        "label": SyncStatus.REJECTED,
        "price": SyncStatus.MISSING,
        "limit": SyncStatus.MISSING,
        "kept": SyncStatus.REJECTED,
        "relabelled": SyncStatus.STALE,
        "deleted": SyncStatus.MISSING,
        "new": SyncStatus.MISSING,
        "gone": SyncStatus.ORPHANED,
        "never there": SyncStatus.REJECTED,
    }
    missing.write_bytes(b"x")
    assert [item.status for item in findings(refs[-1:], [], index, records)] == [SyncStatus.MISSING]


def test_rejections_of_images_that_are_gone_or_indexed_are_left_over(index: Index, folder: Path) -> None:
    for name in ("indexed", "kept"):
        store(index, folder / name)
    (folder / "kept").unlink()
    (folder / "cut").write_bytes(b"cut")
    records = Records(
        rejection(folder / "indexed", Reason.TRUNCATED, b"cut"),
        rejection(folder / "kept", Reason.NOT_FOUND, kept=True),
        rejection(folder / "cut", Reason.TRUNCATED, b"cut"),
        rejection(folder / "deleted", Reason.TRUNCATED, b"cut"),
        rejection(folder.parent / "beside", Reason.TRUNCATED, b"cut"),
        rejection(folder / "sub" / "unknown", Reason.TRUNCATED, b"cut"),
    )
    # A folder that cannot be listed is found as if it were an image: nobody knows what is in it.
    refs = [ImageRef(str(folder / name)) for name in ("indexed", "cut", "sub")]
    found = {Path(item.uri).name: item for item in findings(refs, scopes([str(folder)]), index, records)}
    assert records.leftovers == [str(folder / "deleted")]
    assert (found["indexed"].status, found["indexed"].is_recorded) == (SyncStatus.PRESENT, True)
    assert (found["kept"].status, found["cut"].status) == (SyncStatus.ORPHANED, SyncStatus.REJECTED)


def test_the_record_of_a_folder_stays_until_it_can_be_listed(index: Index, folder: Path) -> None:
    (folder / "sub" / "a.jpg").touch()
    (folder / "sub" / "deep").mkdir()
    of_folders = [folder, folder / "sub", folder / "sub" / "deep"]

    def left_over(source: Path, *more: ImageRef) -> list[Path]:
        records = Records(*(refused(str(path)) for path in (*of_folders, folder.parent, folder / "sub" / "b.jpg")))
        list(findings([*find_images([str(source)]), *more], scopes([str(source)]), index, records))
        return [Path(uri) for uri in records.leftovers if uri != str(folder / "sub" / "b.jpg")]

    assert sorted(left_over(folder)) == of_folders
    assert left_over(folder, UnlistedFolder(str(folder))) == [], "nobody knows what is below"
    assert sorted(left_over(folder, UnlistedFolder(str(folder / "sub")))) == of_folders[:1]
    assert sorted(left_over(folder / "*" / "*.jpg")) == of_folders[:2], "it does not list the third one"
    assert left_over(folder / "sub" / "a.jpg") == []


@pytest.mark.parametrize("name", ["some.list", "t.csv", "t.jsonl"])
def test_the_record_of_a_row_stays_until_its_row_is_mended_or_gone(name: str, index: Index, folder: Path) -> None:
    source, line = folder / name, '{{"path": "{}"}}\n' if name == "t.jsonl" else "{}\n"
    header = "path\n" if name == "t.csv" else ""

    def left_over(*paths: str) -> list[str]:
        source.write_text(header + "".join(map(line.format, paths)))
        records = Records(
            refused(f"{source}#row=2"),
            refused(f"{folder}/other{source.suffix}#row=2"),
            # A walk through the folder has found the file, and it was no image.
            rejection(source, Reason.UNSUPPORTED, b"text"),
        )
        found = list(findings(find_images([str(source)]), scopes([str(source)]), index, records))
        assert Counter(item.status for item in found)[SyncStatus.REJECTED] == ("x" * 9000 in paths)
        return records.leftovers

    assert left_over("a.jpg", "x" * 9000, "b.jpg") == []
    assert left_over("a.jpg", "c.jpg", "b.jpg") == [f"{source}#row=2"]
    assert left_over("a.jpg") == [f"{source}#row=2"]


def test_the_record_of_an_archive_in_a_list_stays_until_it_can_be_listed(index: Index, folder: Path) -> None:
    tar, listing = folder / "a.tar", folder / "some.list"
    whole = write_tar(tar, {"a.jpg": b"a", "b.jpg": b"b" * 20_000}).read_bytes()

    def left_over(lines: str, content: bytes) -> list[str]:
        tar.write_bytes(content)
        listing.write_text(lines)
        records = Records(replace(refused(str(tar)), rejected=Rejected(str(tar), Reason.TRUNCATED)))
        list(findings(find_images([str(listing)]), scopes([str(listing)]), index, records))
        return records.leftovers

    assert left_over("a.tar\n", whole[:3000]) == []
    assert left_over("a.tar#a.jpg\n", whole) == [], "nobody has listed it"
    assert left_over("a.tar\n", whole) == [str(tar)]

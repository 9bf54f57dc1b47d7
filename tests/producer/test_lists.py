"""Lists of paths are read as people's tools write them; what is no list says so in one sentence."""

import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from lookalike.errors import SourceMissing
from lookalike.records import Reason
from lookalike_producer.lists import SAMPLE_BYTES
from lookalike_producer.refused import RefusedReference, decode, encode
from lookalike_producer.sources import find_images
from tests.producer.folders import below, found, write

NAMES = ["pics/a.jpg", "pics/b c.jpg", "pics/it's.jpg", "pics/d.jpg"]
LINES = "\n".join(NAMES)

FORMS: dict[str, Callable[[Path], bytes]] = {
    "plain": lambda root: LINES.encode(),
    "with a last line end": lambda root: f"{LINES}\n\n".encode(),
    "of Windows": lambda root: LINES.replace("\n", "\r\n").encode(),
    "of an old Mac": lambda root: LINES.replace("\n", "\r").encode(),
    "with a byte order mark": lambda root: LINES.encode("utf-8-sig"),
    "UTF-16 as PowerShell writes it": lambda root: b"\xff\xfe" + LINES.replace("\n", "\r\n").encode("utf-16-le"),
    "UTF-16 in the other order": lambda root: b"\xfe\xff" + LINES.encode("utf-16-be"),
    "UTF-16 without a mark": lambda root: LINES.encode("utf-16-le"),
    "UTF-16 in the other order without a mark": lambda root: LINES.encode("utf-16-be"),
    "UTF-32": lambda root: LINES.encode("utf-32"),
    "separated by nulls": lambda root: LINES.replace("\n", "\0").encode(),
    "ended by nulls": lambda root: (LINES.replace("\n", "\0") + "\0").encode(),
    "in quotes": lambda root: "\n".join(f'"{name}"' for name in NAMES).encode(),
    "quoted by a shell": lambda root: "\n".join(
        name.replace(" ", "\\ ").replace("'", "\\'") for name in NAMES
    ).encode(),
    "with spaces around": lambda root: "\n".join(f" {name}  " for name in NAMES).encode(),
    "with comments": lambda root: f"# my pictures\n{LINES}\n# the end".encode(),
    "absolute": lambda root: "\n".join(f"{root}/{name}" for name in NAMES).encode(),
    "uris": lambda root: "\n".join(f"file://{root}/{name}" for name in NAMES).encode(),
    "encoded uris": lambda root: "\n".join(f"file://{root}/{name.replace(' ', '%20')}" for name in NAMES).encode(),
    "uris of this machine": lambda root: "\n".join(f"FILE://localhost{root}/{name}" for name in NAMES).encode(),
    "uris without a host": lambda root: "\n".join(f"file:{root}/{name}" for name in NAMES).encode(),
    "with dots and slashes": lambda root: "\n".join(f"./pics/..//{name}" for name in NAMES).encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_piped", [False, True])
def test_a_list_is_read_in_every_form(
    form: str, is_piped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, *NAMES)
    (tmp_path / "list.txt").write_bytes(FORMS[form](tmp_path))
    monkeypatch.chdir(tmp_path)
    with open("list.txt") as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        assert found(tmp_path, "-" if is_piped else "list.txt") == sorted(NAMES)


NO_LISTS: dict[str, tuple[bytes, str]] = {
    "a table": (b"path,label\npics/a.jpg,cat\n", "table"),
    "a table with quotes": (b'"pics/a.jpg";"cat"\n', "table"),
    "a table with tabs": (b"pics/a.jpg\t3\n", "table"),
    "addresses": (b"ftp://user:secret@host/a.jpg\nftp://host/b.jpg\n", "ftp"),
    "JSON lines": (b'{"uri": "/gone.jpg"}\n{"uri": "/gone2.jpg"}\n', "JSON"),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not text"),
    "zeros": (bytes(100_000), "zeros"),
    "a broken encoding": (b"\xff\xfe" + b"a\0b", "utf-16-le"),
}


@pytest.mark.parametrize("kind", NO_LISTS)
def test_what_is_no_list_is_refused_as_a_whole(kind: str, tmp_path: Path) -> None:
    content, named = NO_LISTS[kind]
    (write(tmp_path, *NAMES) / "list.txt").write_bytes(content)
    with pytest.raises(SourceMissing) as refused:
        find_images([str(tmp_path / "list.txt")])
    message = str(refused.value)
    assert named in message and "list.txt" in message and "secret" not in message
    assert len(message.splitlines()) == 2


def test_paths_that_start_at_the_working_folder_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, *NAMES)
    write(tmp_path, "lists/list.txt")
    (tmp_path / "lists" / "list.txt").write_text(LINES)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceMissing, match="working folder"):
        find_images(["lists/list.txt"])


def test_a_line_is_never_lost(tmp_path: Path) -> None:
    """Each line that may name an image is a reference, which is then rejected with a reason."""
    listing = write(tmp_path, "a.jpg", '"q".jpg', "# c.jpg", " s.jpg") / "list.txt"
    lines = ["a.jpg", '"q".jpg', "# c.jpg", " s.jpg", "#gone.jpg", '"gone".jpg', "s3://bucket/x.jpg", "no\\thing", "."]
    listing.write_text("\n".join(lines))
    expected = {*lines[:6], "no\\thing", "s3://bucket/x.jpg", str(tmp_path)}
    assert set(found(tmp_path, listing)) == expected


def test_a_line_that_can_be_no_path_is_one_rejected_record(tmp_path: Path) -> None:
    """It stops no other line, and its record can be sent."""
    listing = write(tmp_path, "a.jpg", "b.jpg") / "list.txt"
    lines = [b"a.jpg", b"x" * 100_000, b"x/" * 5000, b"http://\xff/a.jpg", b"s3://bucket/\xff", b"ftp://\xff", b"b.jpg"]
    # A null behind the part from which the form of a list is recognized.
    lines += [b"a.jpg"] * (SAMPLE_BYTES // 5) + [b"with\0null"]
    for content in (b"\n".join(lines), b"\r".join(lines)):
        listing.write_bytes(content)
        refs = list(find_images([str(listing)]))
        numbers = [*range(2, 7), len(lines)]
        expected = ["a.jpg", "b.jpg", *(f"list.txt#row={number}" for number in numbers)]
        assert below(tmp_path, (ref.uri for ref in refs)) == sorted(expected)
        assert [ref.reason for ref in refs if isinstance(ref, RefusedReference)] == [Reason.BAD_URI] * len(numbers)
        assert [decode(encode(ref)) for ref in refs] == refs


def test_a_file_url_with_bytes_that_are_no_text_names_its_file(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.jpg")
    listing = write(tmp_path, name) / "list.txt"
    listing.write_bytes(b"file://" + os.fsencode(tmp_path) + b"/\xff.jpg\nfile:///gone/\xff.jpg\n")
    assert [ref.uri for ref in find_images([str(listing)])] == [f"file://{tmp_path}/%FF.jpg", "file:///gone/%FF.jpg"]


@pytest.mark.parametrize("typed", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_accents_may_be_written_in_both_ways(
    typed: Literal["NFC", "NFD"], stored: Literal["NFC", "NFD"], tmp_path: Path
) -> None:
    name = unicodedata.normalize(stored, "M\u00fcnchen/caf\u00e9 \u00c5.jpg")
    asked = unicodedata.normalize(typed, name)
    listing = write(tmp_path, name) / "list.txt"
    listing.write_text(asked)
    folder = os.path.dirname(asked)
    for source in (asked, folder, f"{folder}/*.jpg", f"*/{os.path.basename(asked)[:3]}*", "**/*", "list.txt"):
        assert found(tmp_path, tmp_path / source) == [name] + ["list.txt"] * (source == "**/*"), source


def test_a_list_whose_reading_breaks_off_is_no_list(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.lst")
    with pytest.raises(SourceMissing, match="a FIFO"):
        find_images([str(tmp_path / "list.lst")])

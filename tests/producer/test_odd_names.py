"""Names of files that read as something else, such as a member of an archive: each file has a uri of its own."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from lookalike.image_index.arguments import stored_uri
from lookalike.reading.reader import Reader
from lookalike.settings import read_settings
from lookalike.storage import canonical_uri, local_path, local_uri
from lookalike.uris import is_row, reads_as_part
from lookalike_producer.scope import covered, scopes
from lookalike_producer.sources import find_images
from testing.archives import write_tar

#: They read as members and as rows.
PARTS = (
    *("t.tar#1.jpg", "t.tar#sub/1.jpg", "T.ZIP#1.jpg", "t.tar#1.jpg#row=1", "sub/x.tgz#y/z.jpg"),
    *("shoes.csv#row=1", "list.txt#row=2", "#row=3", "s3:/b/k.csv#row=4"),
)
#: They read as addresses, globs, rows of names, home folders, comments and escapes, or nearly as those above.
OTHERS = (
    *("#1.jpg", "a#b.jpg", "t.tar.jpg#1.jpg", "row=1", "a#row=x", "t.tar#", "%23.jpg", "t.tar%231.jpg", "a%2Fb.jpg"),
    *("s3:/b/k.jpg", "http:/h/k.jpg", "file:/x.jpg", "{1..3}.jpg", "[ab].jpg", "*.jpg", "?.jpg", "~", "~me/a.jpg"),
    *("-", "-x", "# a.jpg", '"a.jpg"', "'a'.jpg", "a\\b.jpg", " a.jpg", "a.jpg ", "a&b=c;d.jpg", "C:\\a.jpg", "nan"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of each name, which is also its content; an archive, a table and a list beside it."""
    made = tmp_path / "odd"
    for name in (*PARTS, *OTHERS):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    write_tar(made / "t.tar", {"1.jpg": b"member", "sub/1.jpg": b"deeper", "row=1": b"no row"})
    return made


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with closing(Reader(read_settings(home=tmp_path, roots=(tmp_path,)))) as made:
        yield made


def a_list(folder: Path, lines: list[str]) -> Path:
    path = folder.parent / "list.txt"
    path.write_text("\n".join(lines))
    return path


def a_table(folder: Path, lines: list[str]) -> Path:
    path = folder.parent / "table.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["path"], *([line] for line in lines)])
    return path


def json_lines(folder: Path, lines: list[str]) -> Path:
    path = folder.parent / "table.jsonl"
    path.write_text("\n".join(json.dumps({"path": line}) for line in lines))
    return path


def urls(folder: Path, lines: list[str]) -> Path:
    return a_list(folder, [f"file://{quote(line)}" for line in lines])


WAYS: dict[str, Callable[[Path, list[str]], Path]] = {
    "a list": a_list,
    "a list of URLs": urls,
    "a table": a_table,
    "JSON lines": json_lines,
    "a walk": lambda folder, lines: folder,
    "a glob": lambda folder, lines: folder / "**",
}


@pytest.mark.parametrize("way", WAYS)
def test_each_file_has_a_uri_of_its_own_that_reads_it(way: str, folder: Path, reader: Reader) -> None:
    source = WAYS[way](folder, [f"{folder}/{name}" for name in (*PARTS, *OTHERS)])
    members = {f"{folder}/t.tar#{name}" for name in ("1.jpg", "sub/1.jpg", "row=1")}
    uris = [ref.uri for ref in find_images([str(source)]) if ref.uri not in members]
    read = {uri: reader.read(uri).decode() for uri in uris}
    assert sorted(read.values()) == sorted((*PARTS, *OTHERS)) and len(read) == len(uris)
    for uri, name in read.items():
        assert uri == (local_uri(folder / name) if name in PARTS else f"{folder}/{name}")
        assert local_path(uri) == f"{folder}/{name}" and canonical_uri(uri) == uri
        assert stored_uri(f"{folder}/{name}") == stored_uri(uri) == uri
        assert not reads_as_part(uri) and uri.startswith("file://") is (name in PARTS)


def test_a_file_is_named_alone_and_a_member_too(folder: Path, reader: Reader) -> None:
    for name in PARTS:
        [ref] = find_images([f"{folder}/{name}"])
        assert reader.read(ref.uri).decode() == name
        [again] = find_images([ref.uri])
        assert again == ref, "a uri of the index is a source"
    (folder / "t.tar#1.jpg").unlink()
    [member] = find_images([f"{folder}/t.tar#1.jpg"])
    assert (member.uri, reader.read(member.uri)) == (f"{folder}/t.tar#1.jpg", b"member")
    assert stored_uri(member.uri) == canonical_uri(f"file://{member.uri}") == member.uri
    gone = a_list(folder, [f"file://{folder}/t.tar%231.jpg"])
    assert [ref.uri for ref in find_images([str(gone)])] == [f"file://{folder}/t.tar%231.jpg"], "it is no member"


def test_files_belong_to_their_folder_and_not_to_the_archive_or_table(folder: Path) -> None:
    odd = [local_uri(folder / name) for name in PARTS]
    table = folder / "shoes.csv"
    table.write_text("path\na.jpg\n")
    assert all(covered(uri, scopes([str(folder)])) for uri in odd)
    inside = scopes([f"{folder}/t.tar", str(table)])
    assert not any(covered(uri, inside) for uri in odd)
    assert covered(f"{folder}/t.tar#1.jpg", inside) and covered(f"{table}#row=1", inside)
    assert not is_row(f"{folder}/t.tar#row=1"), "it is a member"

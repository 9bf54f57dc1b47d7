"""A source that cannot be used says what it is, and what to write instead."""

import os
import socket
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.storage import local_uri
from lookalike_producer.places import placed
from lookalike_producer.sources import find_images, why_none
from lookalike_producer.walk.options import USUAL, WalkOptions
from tests.producer.folders import found, write

NAMES = ("pics/a.jpg", "pics/b.JPG", "pics/deep/c.png", "pics/.h.gif", "only/big.TIF")


def test_a_source_may_be_written_in_several_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "my pics/a.jpg", "~/b.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    pics = f"{tmp_path}/my pics"
    for source in (pics, f"/{pics}/", f'"{pics}"', f"'{pics}'", f"{pics} ", pics.replace(" ", "\\ "), "~/my pics"):
        assert found(tmp_path, source) == ["my pics/a.jpg"], source
    for source in (f'"{pics}/*.jpg"', f"file://{pics.replace(' ', '%20')}/*.jpg", "'~/my pics/**'"):
        assert found(tmp_path, source) == ["my pics/a.jpg"], source
    for source in (f"file://{pics}", f"file://{pics.replace(' ', '%20')}", f"FILE://{pics}/a.jpg", '"~/my pics"'):
        assert found(tmp_path, source) == ["my pics/a.jpg"], source


def test_the_uris_that_we_print_are_sources(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(odd)
    with open(odd + b"/\xfe.jpg", "wb"):
        pass
    uri = local_uri(os.fsdecode(odd + b"/\xfe.jpg"))
    assert uri.startswith("file://")
    for source in (uri, os.path.dirname(uri)):
        assert [ref.uri for ref in find_images([source])] == [uri]


NO_SOURCES = {
    "s3://user:secret@bucket/pics": ["s3://", "begins with the bucket", "s3://bucket/prefix/"],
    "s3:///pics": ["s3://", "no valid name"],
    "s3://.../pics": ["s3://", "no valid name"],
    "gs://bucket:80/pics": ["gs://", "a host"],
    f"az://container/{'x' * 1025}": ["az://", "1025 bytes"],
    "s3://bucket/a/../b/": ["s3://", "'..'"],
    "https://user:secret@host/a*.jpg": ["https://", "holds credentials"],
    "https://": ["https://", "no valid host"],
    "ftp://user:secret@host/pics": ["ftp://", "copy or mount"],
    "pics/*.jepg": ["Nothing matches", "**/*.jepg"],
    "nowhere/*.jpg": ["no folder", "nowhere"],
    "*": ["but folders", "/**"],
    "pics/*.gif": ["hidden", "--include-hidden"],
    "only/*.tif": ["upper and lower case", "[jJ]"],
    "**/*.bmp": ["Nothing matches", "misspelt"],
    "pics/*.{jpg,png}": ["Nothing matches", "Braces"],
    "no-such": ["There is no", "folder, a glob"],
    "x" * 5000: ["There is no", "..."],
    "fifo.jpg": ["a FIFO", "- for a list"],
    "socket": ["a socket"],
    "/dev/null": ["a device"],
    "products.csv": ["no column", "its columns are x", "--uri-column"],
    "table.parquet": ["neither Parquet nor Arrow"],
    "sheet.xlsx": ["office program", "as CSV"],
    "pics.tar.gz": ["cannot be read as an archive: a text", ".tar or .zip"],
    "pics.tar.rar": ["of a kind that is not read", "tar or zip"],
    "name-{0..3}.tar": ["There is no file of", "name-{0..3}"],
    "{0..999}{0..999}.jpg": ["1,000,000 names", "glob"],
}


@pytest.mark.parametrize("source", NO_SOURCES)
def test_the_sentence_fits_the_source(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path, *NAMES, *(name for name in NO_SOURCES if name.startswith(("products", "table", "sheet", "pics.tar")))
    )
    os.mkfifo(tmp_path / "fifo.jpg")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        if source == "*":
            monkeypatch.chdir(write(tmp_path / "inner", "sub/a.jpg"))
        with pytest.raises(SourceMissing) as refused:
            find_images([source])
    message = str(refused.value)
    assert [text for text in NO_SOURCES[source] if text not in message] == []
    assert "secret" not in message and "in quotes" not in message.replace("a glob in quotes, a table", "")
    assert len(message.splitlines()) == 2


def test_json_among_other_sources_is_rejected_like_any_file(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "a.json")
    assert found(tmp_path, tmp_path / "a.jpg", tmp_path / "a.json") == ["a.jpg", "a.json"]


def test_a_link_that_leads_nowhere_is_an_image_to_be_rejected(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    assert len(placed([str(tmp_path / "gone.jpg")])) == 1


def test_a_source_without_images_says_whether_something_was_left_out(tmp_path: Path) -> None:
    write(tmp_path, "hidden/.a.jpg", "png/a.png")
    (tmp_path / "empty").mkdir()
    excluding = WalkOptions(exclude=("*.png",))
    assert why_none([f"{tmp_path}/empty"], USUAL) == "The source holds no files."
    assert "--include-hidden" in why_none([f"{tmp_path}/empty", f"{tmp_path}/hidden"], USUAL)
    assert "--exclude" in why_none([f"{tmp_path}/png"], excluding)

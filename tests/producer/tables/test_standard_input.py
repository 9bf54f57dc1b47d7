"""JSON lines on standard input are a table; anything else is a list of paths."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lookalike_producer.sources import find_tables
from lookalike_producer.tables.options import TableOptions
from tests.producer.tables.written import images, read, refused


@contextmanager
def piped(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard input is a pipe with this content."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    with os.fdopen(reading) as stdin, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        yield


ROWS = [{"url": "a.jpg", "label": "old"}, {"url": ""}, {"url": "a.jpg", "label": "new", "year": 2001}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_json_lines_are_read_as_often_as_they_are_needed(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with piped("\n".join(map(json.dumps, ROWS)).encode(encoding), monkeypatch):
        assert list(find_tables(["-"], TableOptions(metadata="all")).fields) == ["year"]
        assert images("-", metadata="all") == {f"{tmp_path}/a.jpg": ("new", {"year": 2001})}
        [record] = [ref for ref in read("-") if ref.uri.startswith("stdin")]
        assert record.uri == "stdin#row=2" and "missing" in refused([record])["row=2"][1]


@pytest.mark.parametrize("content", ["a.jpg\n", "{a}.jpg\n", "", "{ a.jpg\n"])
def test_a_list_stays_a_list(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with piped(content.encode(), monkeypatch):
        assert list(images("-")) == [f"{tmp_path}/{line}" for line in content.splitlines()]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.errors import DiskFull

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with piped(b'{"url": "a.jpg"}', monkeypatch), pytest.raises(DiskFull, match="TMPDIR"):
        read("-")

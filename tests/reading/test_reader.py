"""The front for all places: local files in the calling thread, the others in one event loop."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading import places
from lookalike.reading.contract import Fetched, LooksFirst, State
from lookalike.reading.local import etag_of
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason, Span
from lookalike.settings import read_settings
from lookalike.storage import local_uri
from testing.archives import write_tar

LIMIT_BYTES = 1000


class Example(LooksFirst):
    """A place whose objects contain their uri."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.closed = 0

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        self.threads.add(threading.current_thread().name)
        await asyncio.sleep(0)
        if "away" in uri:
            raise HostUnavailable("host", "it does not answer", retry_after_s=30)
        data = uri.encode()
        return Fetched(data[span.start : span.start + span.length] if span else data, "tag")

    async def look(self, uri: str) -> State:
        return State("tag", len(uri))

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Example:
    example = Example()
    monkeypatch.setitem(places.MAKERS, places.WEB, lambda settings, everywhere: example)
    return example


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(read_settings(home=tmp_path, roots=(tmp_path,), max_image_bytes=LIMIT_BYTES))
    yield reader
    reader.close()


def loops() -> set[threading.Thread]:
    """The threads of readers: those of earlier tests, too, whose readers close with this process."""
    return {thread for thread in threading.enumerate() if thread.name == "reading"}


def test_a_local_file_is_read_in_the_calling_thread(reader: Reader, tmp_path: Path) -> None:
    before = loops()
    (tmp_path / "a.jpg").write_bytes(b"content")
    assert reader.read(local_uri(tmp_path / "a.jpg")) == b"content"
    assert reader.fetch(ImageRef(local_uri(tmp_path / "a.jpg"))).data == b"content"
    assert loops() <= before


def test_the_etag_of_a_file_changes_with_it_and_is_empty_while_it_may_change_unseen(
    reader: Reader, tmp_path: Path
) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"content")
    ref = ImageRef(local_uri(image))
    assert reader.fetch(ref).etag == ""
    assert reader.state(ref.uri) == State("", 7)
    # Nobody can set the time of change, so the rule is asked with a later time of looking.
    times = reader.times(ref.uri)
    later = times.changed_ns + 3 * 10**9
    assert etag_of(times, later) == f"7-{times.modified_ns}-{times.changed_ns}"
    os.utime(image, ns=(0, 0))
    assert etag_of(reader.times(ref.uri), later) != etag_of(times, later)


def test_a_span_of_a_file_is_read_however_large_the_file_is(reader: Reader, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(bytes(range(250)) * 10)
    uri = local_uri(archive)
    assert reader._storage.content(uri, Span(5, 3))[0] == bytes((5, 6, 7))
    assert reader.state(uri).size_bytes == 2500
    for span, length in ((Span(2499, 2), 1), (Span(2500, 9), 0), (Span(0, LIMIT_BYTES + 1), LIMIT_BYTES + 1)):
        assert len(reader._storage.content(uri, span)[0]) == length


def test_all_remote_uris_are_read_in_one_thread(reader: Reader, example: Example) -> None:
    assert reader.read("https://host/a.jpg") == b"https://host/a.jpg"
    assert reader.fetch(ImageRef("http://host/b.jpg", span=Span(0, 4))) == Fetched(b"http", "tag")
    assert reader.state("http://host/b.jpg") == State("tag", 17)
    assert reader.look("http://host/b.jpg") is None
    assert example.threads == {"reading"}


def test_the_loop_survives_errors_and_is_closed_in_order(reader: Reader, example: Example) -> None:
    before = loops()
    with pytest.raises(HostUnavailable) as caught:
        reader.read("http://host/away.jpg")
    assert len(loops() - before) == 1
    assert caught.value.retry_after_s == 30
    assert reader.read("http://other/a.jpg")
    reader.close()
    assert example.closed == 1 and loops() <= before
    assert reader.read("http://other/a.jpg"), "a closed reader cannot be used again"


def test_a_process_that_was_forked_reads_with_a_loop_of_its_own(reader: Reader, example: Example) -> None:
    assert reader.read("http://host/a.jpg")
    child = os.fork()
    if child == 0:
        os._exit(0 if reader.read("http://host/b.jpg") == b"http://host/b.jpg" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("uri", ["ftp://user:secret@host/a.jpg", "gopher://host/a.jpg"])
def test_other_schemes_are_unsupported_and_their_secrets_stay_hidden(reader: Reader, uri: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        reader.read(uri)
    assert caught.value.reason is Reason.UNSUPPORTED and "host" not in str(caught.value)


def test_a_file_may_have_the_name_of_a_member(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "photos.tar#1.jpg").write_bytes(b"content")
    write_tar(tmp_path / "photos.tar", {"1.jpg": b"member"})
    uri = local_uri(tmp_path / "photos.tar#1.jpg")
    assert (uri, reader.read(uri)) == (f"file://{tmp_path}/photos.tar%231.jpg", b"content")
    assert reader.read(f"{tmp_path}/photos.tar#1.jpg") == b"member"


def test_nobody_learns_whether_a_file_or_an_archive_exists_outside_the_roots(tmp_path: Path) -> None:
    """Whether an archive is there does not show, nor a file with the name of its member."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for name in ("file.tar#1.jpg", "archive.tar", "both.tar", "both.tar#1.jpg"):
        (outside / name).write_bytes(b"content")
    (inside / "link").symlink_to(outside)
    said: set[str] = set()
    with closing(Reader(read_settings(home=tmp_path, roots=(inside,), max_image_bytes=LIMIT_BYTES))) as reader:
        for folder in (outside, inside / "link"):
            for name in ("file", "archive", "both", "none"):
                uri = f"{folder}/{name}.tar#1.jpg"
                for ask in (reader.read, reader.state, lambda uri: reader.fetch(ImageRef(uri, span=Span(0, 512)))):
                    with pytest.raises(ImageRejected) as rejected:
                        ask(uri)
                    said.add(str(rejected.value).replace(str(folder), ""))
                assert (reader.look(uri), places.kind_of(uri)) == (None, places.ARCHIVE)
    assert len(said) == 1, said

"""The pipeline with plain functions for reading and embedding, and a real LanceDB index."""

import hashlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.errors import HostUnavailable, ImageRejected, IndexUnavailable, SourceUnavailable
from lookalike.host_wait import HostWait
from lookalike.images import DecodedImage
from lookalike.index import Index, open_index
from lookalike.index.annotation import Annotated, Annotation
from lookalike.messages import decode_chunk, encode_chunk
from lookalike.metadata import Fields, field_type
from lookalike.pipeline import give_up, ingest
from lookalike.pipeline.parts import MEANWHILE, Found, Image
from lookalike.reading.arrivals import Arrival, Delayed, Meanwhile, Result, Unchanged, Wanted
from lookalike.reading.contract import Fetched
from lookalike.records import (
    Basis,
    Chunk,
    Document,
    FileTimes,
    ImageRef,
    MetadataValue,
    Metric,
    ModelIdentity,
    Outcome,
    Pixels,
    Reason,
    Rejected,
    Rejection,
    Stored,
    Vectors,
    Wait,
    document_id,
)
from lookalike.remembered import Remembered
from testing.arrivals import one_by_one

MODEL = ModelIdentity(name="m", fingerprint="f", dimension=4, metric=Metric.COSINE)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    opened = open_index(f"lancedb://{tmp_path}", "images")
    opened.ensure(MODEL)
    return opened


def decode(data: bytes) -> DecodedImage:
    if data == b"broken":
        raise ImageRejected(Reason.CORRUPT, "broken")
    pixels = np.frombuffer(data.ljust(12, b"\0")[:12], np.uint8).reshape(2, 2, 3)
    return DecodedImage(pixels=pixels, width=2, height=2)


def embed(pixels: Pixels) -> Vectors:
    return pixels.reshape(len(pixels), -1)[:, :4].astype(np.float32)


class Files:
    """Bytes by uri, and the uris that were read. A file whose content is a Reason cannot be read for that reason."""

    def __init__(self, files: Mapping[str, bytes | Reason]) -> None:
        self.files = dict(files)
        self.read_uris: list[str] = []
        #: By uri, for `look`; without an entry the file has just been changed.
        self.times: dict[str, FileTimes] = {}

    def read(self, uri: str) -> bytes:
        self.read_uris.append(uri)
        content = self.files.get(uri, Reason.NOT_FOUND)
        if isinstance(content, Reason):
            raise ImageRejected(content)
        return content

    def look(self, uri: str) -> FileTimes | None:
        return self.times.get(uri, FileTimes(1, time.time_ns(), time.time_ns())) if uri in self.files else None


def chunk(*uris: str, id: str = "job/0", label: str | None = "cat") -> Chunk:
    return Chunk(id=id, job="job", refs=tuple(ImageRef(uri, label) for uri in uris))


def run(chunk: Chunk, files: Files, index: Index, *, before: Outcome | None = None, rules: str = "1") -> Outcome:
    """Ingest a chunk, after a chunk of the same references that ended with `before`."""
    return ingest(
        chunk,
        fetch=one_by_one(files.read),
        decode=decode,
        embed=embed,
        index=index,
        fingerprint="f",
        remembered=remembered(chunk, files, before, rules=rules),
    )


def remembered(chunk: Chunk, files: Files, before: Outcome | None, *, rules: str = "1") -> Remembered:
    refs = {ref.uri: ref for ref in chunk.refs}
    of_before = (before.rejected, before.bases) if before else ((), {})
    rejections = {item.uri: Rejection(item, refs[item.uri], of_before[1][item.uri]) for item in of_before[0]}
    return Remembered(rejections, look=files.look, rules=lambda reason: rules)


def reasons(outcome: Outcome) -> dict[str, tuple[Reason, bool]]:
    """Reason, and whether a document was kept, by uri."""
    return {item.uri: (item.reason, item.kept) for item in outcome.rejected}


def test_a_broken_image_is_rejected_and_its_neighbours_are_indexed(index: Index) -> None:
    outcome = run(chunk("/a", "/b", "/gone", "/c"), Files({"/a": b"aaaa", "/b": b"broken", "/c": b"cccc"}), index)
    assert outcome.indexed == 2
    assert [(item.uri, item.reason) for item in outcome.rejected] == [
        ("/b", Reason.CORRUPT),
        ("/gone", Reason.NOT_FOUND),
    ]
    assert index.count() == 2


def test_an_unchanged_image_is_neither_decoded_nor_embedded_again(index: Index) -> None:
    files = Files({"/a": b"aaaa", "/b": b"bbbb"})
    run(chunk("/a", "/b"), files, index)

    def never(_: object) -> Any:
        raise AssertionError("decoded or embedded again")

    again = ingest(
        chunk("/a", "/b", id="job/1"),
        fetch=one_by_one(files.read),
        decode=never,
        embed=never,
        index=index,
        fingerprint="f",
    )
    assert (again.indexed, again.unchanged, again.rejected) == (0, 2, ())


@pytest.mark.parametrize("what", ["bytes", "label", "model"])
def test_an_image_whose_bytes_label_or_model_changed_is_indexed_again(index: Index, what: str) -> None:
    files = Files({"/a": b"aaaa"})
    run(chunk("/a"), files, index)
    if what == "bytes":
        files.files["/a"] = b"zzzz"
    changed = chunk("/a", id="job/1", label="dog" if what == "label" else "cat")
    fingerprint = "other" if what == "model" else "f"
    if what == "model":
        index.drop()
        index.ensure(ModelIdentity(name="m", fingerprint="other", dimension=4, metric=Metric.COSINE))
    outcome = ingest(
        changed, fetch=one_by_one(files.read), decode=decode, embed=embed, index=index, fingerprint=fingerprint
    )
    assert (outcome.indexed, outcome.unchanged, outcome.rejected) == (1, 0, ())
    assert index.count() == 1


def test_a_repeated_chunk_counts_its_own_documents_as_indexed(index: Index) -> None:
    files = Files({"/a": b"aaaa", "/b": b"bbbb"})
    first = run(chunk("/a", "/b"), files, index)
    assert run(chunk("/a", "/b"), files, index) == first
    assert (first.indexed, first.unchanged) == (2, 0)


def test_an_image_listed_twice_is_indexed_once(index: Index) -> None:
    outcome = run(chunk("/a", "/a", "/gone", "/gone"), Files({"/a": b"aaaa"}), index)
    assert (outcome.indexed, outcome.unchanged, len(outcome.rejected)) == (1, 1, 2)
    assert index.count() == 1


def test_identical_files_are_embedded_once_and_each_counts(index: Index) -> None:
    embedded: list[int] = []

    def counting(pixels: Pixels) -> Vectors:
        embedded.append(len(pixels))
        return embed(pixels)

    files = Files({"/a": b"aaaa", "/copy": b"aaaa", "/b": b"bbbb", "/bad": b"broken", "/worse": b"broken"})
    outcome = ingest(
        chunk(*files.files), fetch=one_by_one(files.read), decode=decode, embed=counting, index=index, fingerprint="f"
    )
    assert embedded == [2]
    assert (outcome.indexed, outcome.unchanged, len(outcome.rejected)) == (3, 0, 2)
    vectors = {uri: index.get(document_id(uri)) for uri in ("/a", "/copy", "/b")}
    assert vectors["/copy"] and vectors["/copy"].image_embedding.tolist() == list(b"aaaa")
    assert vectors["/b"] and vectors["/b"].image_embedding.tolist() == list(b"bbbb")


def test_images_are_embedded_while_others_are_awaited(index: Index) -> None:
    files = Files({f"/{number}": b"%04d" % number for number in range(MEANWHILE + 4)})
    embedded: list[int] = []

    def counting(pixels: Pixels) -> Vectors:
        embedded.append(len(pixels))
        return embed(pixels)

    def fetch(wanted: Sequence[Wanted], meanwhile: Meanwhile) -> Generator[Arrival]:
        assert not meanwhile(), "nothing has arrived"
        arrivals = one_by_one(files.read)(wanted, meanwhile)
        yield from islice(arrivals, MEANWHILE + 2)
        assert meanwhile() and meanwhile() and not meanwhile()
        yield from arrivals

    outcome = ingest(chunk(*files.files), fetch=fetch, decode=decode, embed=counting, index=index, fingerprint="f")
    assert (outcome.indexed, embedded) == (len(files.files), [MEANWHILE, 2, 2])
    documents = {uri: index.get(document_id(uri)) for uri in files.files}
    found = {uri: document.image_embedding.tolist() for uri, document in documents.items() if document}
    assert found == {uri: list(data) for uri, data in files.files.items()}


def test_a_vector_that_is_zero_or_not_finite_is_rejected(index: Index) -> None:
    outcome = run(chunk("/zero", "/a"), Files({"/zero": b"\0", "/a": b"aaaa"}), index)
    assert outcome.indexed == 1
    assert [item.reason for item in outcome.rejected] == [Reason.BAD_VECTOR]


def test_an_index_that_is_away_raises_and_nothing_is_counted(index: Index) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise IndexUnavailable("lancedb:///x", "gone")

    with pytest.raises(IndexUnavailable):
        ingest(
            chunk("/a"),
            fetch=one_by_one(lambda _: b"aaaa"),
            decode=decode,
            embed=embed,
            index=Away(),  # type: ignore[arg-type]
            fingerprint="f",
        )


def test_a_chunk_without_readable_images_is_not_embedded(index: Index) -> None:
    def never(_: object) -> Vectors:
        raise AssertionError("embedded nothing")

    outcome = ingest(
        chunk("/gone"), fetch=one_by_one(Files({}).read), decode=decode, embed=never, index=index, fingerprint="f"
    )
    assert len(outcome.rejected) == 1


#: An hour ago.
OLD = FileTimes(6, time.time_ns() - 3600 * 10**9, time.time_ns() - 3600 * 10**9)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.is_about_content])
def test_the_document_of_a_file_that_holds_no_image_any_more_is_removed(index: Index, reason: Reason) -> None:
    files = Files({"/a": b"aaaa", "/b": b"bbbb", "/c": b"cccc"})
    run(chunk("/a", "/b", "/c"), files, index)
    files.files |= {"/a": reason, "/b": b"broken"}
    outcome = run(chunk("/a", "/b", "/c", id="job/1"), files, index)
    assert reasons(outcome) == {"/a": (reason, False), "/b": (Reason.CORRUPT, False)}
    assert set(index.scan()) == {(document_id("/c"), "/c")}
    assert run(chunk("/a", "/b", "/c", id="job/1"), files, index) == outcome, "a repeated chunk has another outcome"


@pytest.mark.parametrize("reason", [reason for reason in Reason if not reason.is_about_content])
def test_the_document_of_a_file_that_nobody_could_judge_is_kept(index: Index, reason: Reason) -> None:
    files = Files({"/a": b"aaaa"})
    run(chunk("/a"), files, index)
    files.files |= {"/a": reason, "/new": reason}
    outcome = run(chunk("/a", "/new", id="job/1"), files, index)
    assert reasons(outcome) == {"/a": (reason, True), "/new": (reason, False)}
    assert index.count() == 1


def test_an_image_that_model_or_index_fail_for_keeps_its_document(index: Index) -> None:
    """A model or an index that is out of order must not empty the index."""
    files = Files({"/zero": b"aaaa", "/name": b"aaaa"})
    run(chunk("/zero", "/name"), files, index)
    files.files["/zero"] = b"\0"
    changed = Chunk("job/1", "job", (ImageRef("/zero", "cat"), ImageRef("/name", "\ud800")))
    outcome = run(changed, files, index)
    assert reasons(outcome) == {"/zero": (Reason.BAD_VECTOR, True), "/name": (Reason.REFUSED, True)}
    assert index.count() == 2


class Interrupted:
    """An index into which another job writes a newer document just before one is discarded."""

    def __init__(self, index: Index, newer: Document) -> None:
        self._index = index
        self._newer: list[Document] = [newer]

    def fields(self) -> Fields:
        return self._index.fields()

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        return self._index.stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return self._index.write(documents)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        return self._index.annotate(annotations)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        self._index.write(self._newer)
        self._newer = []
        self._index.discard(documents)


@pytest.mark.parametrize("is_repaired", [True, False])
def test_an_image_that_another_job_indexes_meanwhile_is_judged_again(index: Index, is_repaired: bool) -> None:
    files = Files({"/a": b"aaaa"})
    run(chunk("/a"), files, index)
    document = index.get(document_id("/a"))
    assert document is not None
    newer = replace(document, chunk="other/0", content_sha256=hashlib.sha256(b"good").hexdigest())
    files.files["/a"] = b"broken"

    def repairing(data: bytes) -> DecodedImage:
        # The other job reads a repaired file after this one has read the broken one.
        files.files["/a"] = b"good" if is_repaired else b"broken"
        return decode(data)

    outcome = ingest(
        chunk("/a", id="job/1"),
        fetch=one_by_one(files.read),
        decode=repairing,
        embed=embed,
        index=Interrupted(index, newer),
        fingerprint="f",
    )
    assert (outcome.unchanged, len(outcome.rejected), index.count()) == ((1, 0, 1) if is_repaired else (0, 1, 0))


def test_a_rejected_file_that_did_not_change_is_not_tried_again(index: Index) -> None:
    files = Files({"/cut": b"broken", "/touched": b"broken", "/gone": Reason.NOT_FOUND, "/a": b"aaaa"})
    files.times |= {"/cut": OLD, "/touched": OLD}
    first = run(chunk(*files.files), files, index)
    assert (first.indexed, len(first.rejected), first.still_rejected) == (1, 3, 0)
    files.times["/touched"] = replace(OLD, changed_ns=OLD.changed_ns + 1)
    files.read_uris.clear()

    def never(_: object) -> Any:
        raise AssertionError("decoded again")

    again = ingest(
        chunk(*files.files, id="job/1"),
        fetch=one_by_one(files.read),
        decode=never,
        embed=embed,
        index=index,
        fingerprint="f",
        remembered=remembered(chunk(*files.files), files, first),
    )
    assert (again.unchanged, again.still_rejected, reasons(again)) == (1, 3, reasons(first))
    assert files.read_uris == ["/touched", "/gone", "/a"], "/cut has not been touched"


def test_a_rejection_stands_whatever_label_the_image_has_and_its_record_follows(index: Index) -> None:
    files = Files({"/cut": b"broken"})
    files.times["/cut"] = OLD
    first = run(chunk("/cut"), files, index)
    files.read_uris.clear()
    again = ingest(
        chunk("/cut", id="job/1", label="dog"),
        fetch=one_by_one(files.read),
        decode=decode,
        embed=embed,
        index=index,
        fingerprint="f",
        remembered=remembered(chunk("/cut"), files, first),
    )
    assert (again.still_rejected, files.read_uris) == (1, [])
    # A host has given the same bytes another etag: the next look needs no reading.
    web, sha256 = "https://host/cut.jpg", hashlib.sha256(b"broken").hexdigest()
    record = Rejection(Rejected(web, Reason.CORRUPT), ImageRef(web, "cat"), Basis("1", sha256, "1"))
    told = ingest(
        chunk(web, id="job/2"),
        fetch=lambda wanted, _: (Arrival(item.ref, Fetched(b"broken", "2"), 0) for item in wanted),
        decode=decode,
        embed=embed,
        index=index,
        fingerprint="f",
        remembered=Remembered({web: record}, look=files.look, rules=lambda reason: "1"),
    )
    assert (told.still_rejected, told.bases[web].etag) == (1, "2")


@pytest.mark.parametrize("what", ["bytes", "rules", "being written"])
def test_a_rejected_file_is_tried_again_when_anything_changed(index: Index, what: str) -> None:
    files = Files({"/cut": b"broken"})
    files.times["/cut"] = replace(OLD, changed_ns=time.time_ns()) if what == "being written" else OLD
    first = run(chunk("/cut"), files, index)
    decoded: list[bytes] = []
    if what in ("bytes", "being written"):
        files.files["/cut"] = b"mended"
    if what == "bytes":
        files.times["/cut"] = replace(OLD, changed_ns=OLD.changed_ns + 1)
    later = chunk("/cut", id="job/1")
    earlier = remembered(chunk("/cut"), files, first, rules="2" if what == "rules" else "1")

    def counting(data: bytes) -> DecodedImage:
        decoded.append(data)
        return decode(data)

    outcome = ingest(
        later,
        fetch=one_by_one(files.read),
        decode=counting,
        embed=embed,
        index=index,
        fingerprint="f",
        remembered=earlier,
    )
    assert (decoded, outcome.still_rejected) == ([files.files["/cut"]], 0)
    assert outcome.settled == (("/cut",) if files.files["/cut"] == b"mended" else ())


def test_an_image_that_killed_its_process_is_not_tried_again_and_keeps_its_document(index: Index) -> None:
    files = Files({"/a": b"aaaa", "/new": b"aaaa"})
    run(chunk("/a"), files, index)
    files.times |= {"/a": OLD, "/new": OLD}
    one = chunk("/a", "/new", id="job/1")
    first = give_up(one, Reason.TIMEOUT, "", index=index, remembered=remembered(one, files, None))
    assert reasons(first) == {"/a": (Reason.TIMEOUT, True), "/new": (Reason.TIMEOUT, False)}
    files.read_uris.clear()
    again = run(chunk("/a", "/new", id="job/2"), files, index, before=first)
    assert (again.still_rejected, reasons(again), files.read_uris) == (2, reasons(first), [])
    index.delete([document_id("/a")])
    assert reasons(run(chunk("/a", "/new", id="job/3"), files, index, before=first))["/a"] == (Reason.TIMEOUT, False)


def test_a_retry_decodes_again_and_settles_what_is_unchanged_in_the_index(index: Index) -> None:
    files = Files({"/a": b"aaaa", "/cut": b"broken"})
    files.times |= {"/a": OLD, "/cut": OLD}
    run(chunk("/a"), files, index)
    one = chunk("/a", "/cut", id="job/1")
    first = give_up(one, Reason.TIMEOUT, "", index=index, remembered=remembered(one, files, None))
    refs = {ref.uri: ref for ref in one.refs}
    rejections = {item.uri: Rejection(item, refs[item.uri], first.bases[item.uri]) for item in first.rejected}
    earlier = Remembered(rejections, look=files.look, rules=lambda reason: "1", tries_again=True)
    outcome = ingest(
        one, fetch=one_by_one(files.read), decode=decode, embed=embed, index=index, fingerprint="f", remembered=earlier
    )
    assert (outcome.unchanged, outcome.settled, outcome.still_rejected) == (1, ("/a",), 0)
    assert reasons(outcome) == {"/cut": (Reason.CORRUPT, False)}


class Place:
    """Images with etags, and what else becomes of an image that is asked for."""

    def __init__(self, images: Mapping[str, Result]) -> None:
        self.images = dict(images)
        self.asked: list[Wanted] = []
        self.embedded: list[int] = []

    def fetch(self, wanted: Sequence[Wanted], meanwhile: Meanwhile) -> Generator[Arrival]:
        self.asked += wanted
        for item in wanted:
            result = self.images[item.ref.uri]
            is_same = isinstance(result, Fetched) and item.etag and result.etag == item.etag
            yield Arrival(item.ref, Unchanged(item.etag) if is_same else result, time.time_ns())

    def embed(self, pixels: Pixels) -> Vectors:
        self.embedded.append(len(pixels))
        return embed(pixels)

    def ingest(self, chunk: Chunk, index: Index, wait: HostWait | None = None) -> Outcome:
        return ingest(chunk, fetch=self.fetch, decode=decode, embed=self.embed, index=index, fingerprint="f", wait=wait)


def numbers(outcome: Outcome) -> tuple[int, int, int, int]:
    waiting = sum(len(part.refs) for part in outcome.aside)
    return outcome.indexed, outcome.unchanged, len(outcome.rejected), waiting


def stored(index: Index, uri: str) -> Stored:
    return index.stored([document_id(uri)])[document_id(uri)]


def test_an_image_with_the_etag_of_its_document_is_not_read(index: Index) -> None:
    place = Place({"s3://b/a": Fetched(b"aaaa", "1"), "s3://b/b": Fetched(b"bbbb", "1")})
    place.ingest(chunk("s3://b/a", "s3://b/b"), index)
    assert stored(index, "s3://b/a").etag == "1"
    place.asked.clear()
    listed = Chunk("job/1", "job", (ImageRef("s3://b/a", "cat", etag="1"), ImageRef("s3://b/b", "cat", etag="2")))
    assert numbers(place.ingest(listed, index)) == (0, 2, 0, 0)
    assert place.asked == [Wanted(listed.refs[1], "1")], "what was listed with the etag of its document was asked for"


def test_the_same_bytes_under_another_etag_are_not_embedded_again(index: Index) -> None:
    place = Place({"s3://b/a": Fetched(b"aaaa", "1")})
    place.ingest(chunk("s3://b/a"), index)
    place.images["s3://b/a"] = Fetched(b"aaaa", "2")
    assert numbers(place.ingest(chunk("s3://b/a", id="job/1"), index)) == (0, 1, 0, 0)
    assert (place.embedded, stored(index, "s3://b/a").etag) == ([1], "2")
    assert numbers(place.ingest(chunk("s3://b/a", id="job/2"), index)) == (0, 1, 0, 0)


@pytest.mark.parametrize("etag", ["1", ""])
def test_another_label_or_metadata_is_told_without_embedding_again(index: Index, etag: str) -> None:
    place = Place({"s3://b/a": Fetched(b"aaaa", etag)})
    place.ingest(chunk("s3://b/a"), index)
    told = Chunk("job/1", "job", (ImageRef("s3://b/a", "dog", {"year": 2020}),))
    outcome = place.ingest(told, index)
    assert (numbers(outcome), outcome.annotated) == ((1, 0, 0, 0), 1)
    assert numbers(place.ingest(told, index)) == (1, 0, 0, 0), "the repeated chunk counts its document otherwise"
    document = index.get(document_id("s3://b/a"))
    assert document and (document.name, document.metadata) == ("dog", {"year": 2020})
    assert (place.embedded, document.image_embedding.tolist()) == ([1], list(b"aaaa"))
    assert numbers(place.ingest(replace(told, id="job/2"), index)) == (0, 1, 0, 0)


def test_a_document_keeps_what_nobody_could_read_again(index: Index) -> None:
    """The table that describes an image may be cut off; the image may have changed nevertheless."""
    place = Place({uri: Fetched(b"aaaa", "1") for uri in ("s3://b/same", "s3://b/changed", "s3://b/new")})
    known = tuple(ImageRef(uri, "cat", {"year": 2020}) for uri in ("s3://b/same", "s3://b/changed"))
    place.ingest(Chunk("job/0", "job", known), index)
    place.images["s3://b/changed"] = Fetched(b"bbbb", "2")
    refs = tuple(ImageRef(uri, keeps_metadata=True) for uri in place.images)
    sent = decode_chunk("job/1", encode_chunk(Chunk("job/1", "job", refs)))
    assert numbers(place.ingest(sent, index)) == (2, 1, 0, 0)
    told = {"s3://b/same": ("cat", {"year": 2020}), "s3://b/changed": ("cat", {"year": 2020}), "s3://b/new": (None, {})}
    assert {uri: (stored(index, uri).name, stored(index, uri).metadata) for uri in place.images} == told
    assert stored(index, "s3://b/changed").etag == "2"


def test_metadata_that_the_index_holds_in_another_form_is_no_change(index: Index) -> None:
    index.declare({"year": field_type("int"), "taken": field_type("date"), "tags": field_type("list")})
    place = Place({"s3://b/a": Fetched(b"aaaa", "1")})
    years: list[MetadataValue] = [2020, "2020", 2020.0]
    for number, year in enumerate(years):
        ref = ImageRef("s3://b/a", "cat", {"year": year, "taken": "2026-11-26", "tags": []})
        outcome = place.ingest(Chunk(f"job/{number}", "job", (ref,)), index)
        assert numbers(outcome) == ((0, 1, 0, 0) if number else (1, 0, 0, 0))
    assert stored(index, "s3://b/a").metadata == {"year": 2020, "taken": "2026-11-26T00:00:00.000Z"}


def test_metadata_that_does_not_fit_rejects_its_image_and_keeps_the_document(index: Index) -> None:
    place = Place({"s3://b/a": Fetched(b"aaaa", "1"), "s3://b/b": Fetched(b"bbbb", "1")})
    place.ingest(chunk("s3://b/a"), index)
    index.declare({"year": field_type("int")})
    refs = tuple(ImageRef(uri, "dog", {"year": "soon"}) for uri in place.images)
    outcome = place.ingest(Chunk("job/1", "job", refs), index)
    assert {(item.uri, item.reason, item.kept) for item in outcome.rejected} == {
        ("s3://b/a", Reason.BAD_METADATA, True),
        ("s3://b/b", Reason.BAD_METADATA, False),
    }
    assert stored(index, "s3://b/a").name == "cat"


def delayed(host: str, *, has_progress: bool = False) -> Delayed:
    return Delayed(host, HostUnavailable(host, "it does not answer"), has_progress)


def test_images_of_hosts_that_are_away_are_put_aside_by_host_and_the_others_are_indexed(index: Index) -> None:
    away = {uri: delayed(uri[:8]) for uri in ("http://a/1", "http://b/1", "http://a/2")}
    place = Place({"http://c/1": Fetched(b"cccc"), **away, "http://c/2": ImageRejected(Reason.NOT_FOUND)})
    outcome = place.ingest(chunk(*place.images, "http://a/1"), index, HostWait(60))
    assert numbers(outcome) == (1, 0, 1, 4)
    assert {part.wait.host: [ref.uri for ref in part.refs] for part in outcome.aside} == {
        "http://a": ["http://a/1", "http://a/2", "http://a/1"],
        "http://b": ["http://b/1"],
    }


def test_images_that_waited_for_long_enough_are_rejected_and_their_documents_stay(index: Index) -> None:
    place = Place({"http://a/1": Fetched(b"aaaa"), "http://a/2": delayed("http://a")})
    place.ingest(chunk("http://a/1"), index)
    place.images["http://a/1"] = delayed("http://a")
    since = time.time() - 61
    outcome = place.ingest(chunk(*place.images, id="job/1"), index, HostWait(60, Wait("http://a", "", since, since)))
    assert reasons(outcome) == {
        "http://a/1": (Reason.HOST_UNAVAILABLE, True),
        "http://a/2": (Reason.HOST_UNAVAILABLE, False),
    }
    assert {item.detail for item in outcome.rejected} == {"it does not answer"}
    assert not outcome.aside and index.count() == 1


def test_without_a_ledger_no_image_waits(index: Index) -> None:
    assert numbers(Place({"http://a/1": delayed("http://a")}).ingest(chunk("http://a/1"), index)) == (0, 0, 1, 0)


def test_images_of_a_store_that_is_away_altogether_wait_without_a_bound(index: Index) -> None:
    away = Delayed("s3://b", SourceUnavailable("s3://b", "it is away"))
    place = Place({"s3://b/1": away, "s3://b/2": away, "http://a/1": Fetched(b"aaaa")})
    outcome = place.ingest(chunk("s3://b/1", "s3://b/2"), index, HostWait(60))
    assert numbers(outcome) == (0, 0, 0, 2)
    since = time.time() - 10_000
    outcome = place.ingest(chunk(*place.images), index, HostWait(60, Wait("s3://b", "", since, since)))
    assert numbers(outcome) == (1, 0, 0, 2), "a store that is away has no bound"


class Elsewhere:
    """Embeds, and finds out only then that an image is broken: it has the bytes of `broken`."""

    def __call__(self, pixels: Pixels) -> Vectors:
        return embed(pixels)

    def ask(self, images: Sequence[Image]) -> Callable[[], list[Found]]:
        return lambda: [self._found(np.asarray(image)) for image in images]

    def _found(self, pixels: Pixels) -> Found:
        is_broken = pixels.tobytes().startswith(b"broken")
        return ImageRejected(Reason.CORRUPT, "broken") if is_broken else embed(pixels[None])[0]


def test_an_image_that_turns_out_to_be_broken_at_the_model_is_rejected_like_one_that_did_before(index: Index) -> None:
    """Also where its document must go, and where the same bytes come again."""
    files = Files({"/a": b"aaaa", "/b": b"bbbb"})
    run(chunk("/a", "/b"), files, index)
    files.files |= {"/b": b"broken", "/c": b"broken", "/d": b"dddd"}
    late = ingest(
        chunk("/a", "/b", "/c", "/d", id="job/1"),
        fetch=one_by_one(files.read),
        decode=lambda data: decode(data + bytes(20)),
        embed=Elsewhere(),
        index=index,
        fingerprint="f",
    )
    early = run(chunk("/a", "/b", "/c", "/d", id="job/2"), files, index)
    assert reasons(late) == reasons(early) == {"/b": (Reason.CORRUPT, False), "/c": (Reason.CORRUPT, False)}
    assert [item.detail for item in late.rejected] == [item.detail for item in early.rejected]
    assert (late.indexed, late.unchanged, index.count()) == (1, 1, 2)

"""The pipeline with plain functions for reading and embedding, and a real LanceDB index."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.errors import ImageRejected, IndexUnavailable
from lookalike.images import DecodedImage
from lookalike.index import Index, open_index
from lookalike.pipeline import ingest
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Outcome, Pixels, Reason, Vectors, document_id

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
    """Bytes by uri; counts how often they are read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def read(self, uri: str) -> bytes:
        if uri not in self.files:
            raise ImageRejected(Reason.NOT_FOUND)
        return self.files[uri]


def chunk(*uris: str, id: str = "job/0", label: str | None = "cat") -> Chunk:
    return Chunk(id=id, job="job", refs=tuple(ImageRef(uri, label) for uri in uris))


def run(chunk: Chunk, files: Files, index: Index) -> Outcome:
    return ingest(chunk, read=files.read, decode=decode, embed=embed, index=index, fingerprint="f")


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
        chunk("/a", "/b", id="job/1"), read=files.read, decode=never, embed=never, index=index, fingerprint="f"
    )
    assert again == Outcome(indexed=0, unchanged=2)


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
    outcome = ingest(changed, read=files.read, decode=decode, embed=embed, index=index, fingerprint=fingerprint)
    assert outcome == Outcome(indexed=1, unchanged=0)
    assert index.count() == 1


def test_a_repeated_chunk_counts_its_own_documents_as_indexed(index: Index) -> None:
    files = Files({"/a": b"aaaa", "/b": b"bbbb"})
    first = run(chunk("/a", "/b"), files, index)
    assert run(chunk("/a", "/b"), files, index) == first == Outcome(indexed=2, unchanged=0)


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
    outcome = ingest(chunk(*files.files), read=files.read, decode=decode, embed=counting, index=index, fingerprint="f")
    assert embedded == [2]
    assert (outcome.indexed, outcome.unchanged, len(outcome.rejected)) == (3, 0, 2)
    vectors = {uri: index.get(document_id(uri)) for uri in ("/a", "/copy", "/b")}
    assert vectors["/copy"] and vectors["/copy"].image_embedding.tolist() == list(b"aaaa")
    assert vectors["/b"] and vectors["/b"].image_embedding.tolist() == list(b"bbbb")


def test_a_vector_that_is_zero_or_not_finite_is_rejected(index: Index) -> None:
    outcome = run(chunk("/zero", "/a"), Files({"/zero": b"\0", "/a": b"aaaa"}), index)
    assert outcome.indexed == 1
    assert [item.reason for item in outcome.rejected] == [Reason.BAD_VECTOR]


def test_an_index_that_is_away_raises_and_nothing_is_counted(index: Index) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise IndexUnavailable("lancedb:///x", "gone")

    with pytest.raises(IndexUnavailable):
        ingest(chunk("/a"), read=lambda _: b"aaaa", decode=decode, embed=embed, index=Away(), fingerprint="f")  # type: ignore[arg-type]


def test_a_chunk_without_readable_images_is_not_embedded(index: Index) -> None:
    def never(_: object) -> Vectors:
        raise AssertionError("embedded nothing")

    outcome = ingest(chunk("/gone"), read=Files({}).read, decode=decode, embed=never, index=index, fingerprint="f")
    assert len(outcome.rejected) == 1

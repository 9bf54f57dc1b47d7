"""The core of ingestion: turns a chunk of references into documents in the index. Imports no Celery and no model."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.images import DecodedImage
from lookalike.records import (
    Chunk,
    Document,
    ImageRef,
    Outcome,
    Pixels,
    Reason,
    Rejected,
    Stored,
    Vector,
    Vectors,
    document_id,
)

Read = Callable[[str], bytes]
Decode = Callable[[bytes], DecodedImage]
Embed = Callable[[Pixels], Vectors]


class ChunkIndex(Protocol):
    """The methods of an index that a chunk uses."""

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]: ...

    def write(self, documents: Sequence[Document]) -> list[Rejected]: ...


@dataclass(frozen=True)
class Loaded:
    """A new or changed image, decoded."""

    ref: ImageRef
    image: DecodedImage
    content_sha256: str


def ingest(chunk: Chunk, *, read: Read, decode: Decode, embed: Embed, index: ChunkIndex, fingerprint: str) -> Outcome:
    """Index the new and changed images of a chunk; the others count as unchanged or rejected.
    Identical files are decoded and embedded once, but each counts.

    Safe to repeat: ids are deterministic, and documents of an earlier attempt at this chunk count as indexed.
    Raises the errors of the index, such as IndexUnavailable; the chunk can then be ingested again.
    """
    results: dict[str, Rejected | bool] = {}
    loaded: list[Loaded] = []
    decoded: dict[str, DecodedImage] = {}
    references = {ref.id: ref for ref in chunk.refs}
    stored = index.stored(list(references))
    for id, ref in references.items():
        try:
            item = _load(ref, stored.get(id), decoded, read=read, decode=decode, fingerprint=fingerprint)
        except ImageRejected as error:
            results[id] = Rejected(ref.uri, error.reason, error.detail)
            continue
        loaded += [item] if item else []
        results[id] = item is not None or stored[id].chunk == chunk.origin
    for rejected in _write(loaded, chunk.origin, embed=embed, index=index, fingerprint=fingerprint):
        results[document_id(rejected.uri)] = rejected
    return _outcome(chunk, results)


def _load(
    ref: ImageRef,
    stored: Stored | None,
    decoded: dict[str, DecodedImage],
    *,
    read: Read,
    decode: Decode,
    fingerprint: str,
) -> Loaded | None:
    """The image, decoded unless `decoded` contains the same bytes; None if the index is up to date.

    The file's bytes are released on return, so that a chunk never holds two files: one may have a hundred megabytes.
    """
    data = read(ref.uri)
    content_sha256 = hashlib.sha256(data).hexdigest()
    if stored is not None and stored.model == fingerprint and stored.is_of(ref, content_sha256):
        return None
    if content_sha256 not in decoded:
        decoded[content_sha256] = decode(data)
    return Loaded(ref, decoded[content_sha256], content_sha256)


def _write(
    loaded: Sequence[Loaded], origin: str, *, embed: Embed, index: ChunkIndex, fingerprint: str
) -> list[Rejected]:
    if not loaded:
        return []
    different = {item.content_sha256: item.image.pixels for item in loaded}
    vectors = dict(zip(different, embed(np.stack(list(different.values()))), strict=True))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    rejected: list[Rejected] = []
    documents: list[Document] = []
    for item in loaded:
        vector = vectors[item.content_sha256]
        if np.isfinite(vector).all() and vector.any():
            documents.append(_document(item, vector, origin, fingerprint, now))
        else:
            rejected.append(
                Rejected(item.ref.uri, Reason.BAD_VECTOR, "the model returned a vector that is zero or not finite")
            )
    return rejected + (index.write(documents) if documents else [])


def _document(item: Loaded, vector: Vector, origin: str, fingerprint: str, now: str) -> Document:
    return Document(
        id=item.ref.id,
        uri=item.ref.uri,
        name=item.ref.label,
        image_embedding=vector,
        content_sha256=item.content_sha256,
        width=item.image.width,
        height=item.image.height,
        model=fingerprint,
        ingested_at=now,
        chunk=origin,
        metadata=item.ref.metadata,
    )


def _outcome(chunk: Chunk, results: dict[str, Rejected | bool]) -> Outcome:
    """Counts by reference: an image that a chunk lists twice counts as indexed once and as unchanged once."""
    indexed = sum(result is True for result in results.values())
    rejected = tuple(result for ref in chunk.refs if isinstance(result := results[ref.id], Rejected))
    return Outcome(indexed=indexed, unchanged=len(chunk.refs) - indexed - len(rejected), rejected=rejected)

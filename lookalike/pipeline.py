"""The heart: a chunk of references becomes documents in the index, with no knowledge of Celery or of any model."""

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
    """What a chunk needs of an index."""

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]: ...

    def write(self, documents: Sequence[Document]) -> list[Rejected]: ...


@dataclass(frozen=True)
class Loaded:
    """An image that is new or has changed, decoded and ready to be embedded."""

    ref: ImageRef
    image: DecodedImage
    content_sha256: str


def ingest(chunk: Chunk, *, read: Read, decode: Decode, embed: Embed, index: ChunkIndex, fingerprint: str) -> Outcome:
    """Index what is new or changed in the chunk; the rest is counted as unchanged or comes back as rejected.
    Identical bytes are decoded and embedded once, and counted each.

    Safe to repeat: ids are deterministic, and what an earlier attempt at this very chunk wrote counts as indexed.
    Raises what the index raises when it is away; nothing is lost then, for the chunk can be ingested again.
    """
    fates: dict[str, Rejected | bool] = {}
    loaded: list[Loaded] = []
    decoded: dict[str, DecodedImage] = {}
    references = {ref.id: ref for ref in chunk.refs}
    held = index.stored(list(references))
    for id, ref in references.items():
        try:
            item = _load(ref, held.get(id), decoded, read=read, decode=decode, fingerprint=fingerprint)
        except ImageRejected as error:
            fates[id] = Rejected(ref.uri, error.reason, error.detail)
            continue
        loaded += [item] if item else []
        fates[id] = item is not None or held[id].chunk == chunk.origin
    for rejected in _write(loaded, chunk.origin, embed=embed, index=index, fingerprint=fingerprint):
        fates[document_id(rejected.uri)] = rejected
    return _outcome(chunk, fates)


def _load(
    ref: ImageRef,
    stored: Stored | None,
    decoded: dict[str, DecodedImage],
    *,
    read: Read,
    decode: Decode,
    fingerprint: str,
) -> Loaded | None:
    """The image, decoded unless its bytes are among `decoded`; None if the index holds it as it is.

    The file's bytes go when this returns, so a chunk never holds those of two files: one may be a hundred megabytes.
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
            rejected.append(Rejected(item.ref.uri, Reason.BAD_VECTOR, "the model gave a vector without direction"))
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


def _outcome(chunk: Chunk, fates: dict[str, Rejected | bool]) -> Outcome:
    """Count by reference: an image listed twice in one chunk is indexed once, and unchanged the second time."""
    indexed = sum(fate is True for fate in fates.values())
    rejected = tuple(fate for ref in chunk.refs if isinstance(fate := fates[ref.id], Rejected))
    return Outcome(indexed=indexed, unchanged=len(chunk.refs) - indexed - len(rejected), rejected=rejected)

"""The core of ingestion: turns a chunk of references into documents in the index. Imports no Celery and no model."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.images import DecodedImage
from lookalike.records import (
    Basis,
    Chunk,
    Document,
    ImageRef,
    Outcome,
    Pixels,
    Reason,
    Rejected,
    Rejection,
    Stored,
    Vector,
    Vectors,
)
from lookalike.remembered import NS_PER_MS, Remembered, nothing_remembered

#: A chunk looks again at images that other jobs index at the same time, this often at most.
MOST_ROUNDS = 3

Read = Callable[[str], bytes]
Decode = Callable[[bytes], DecodedImage]
Embed = Callable[[Pixels], Vectors]


class ChunkIndex(Protocol):
    """The methods of an index that a chunk uses."""

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]: ...

    def write(self, documents: Sequence[Document]) -> list[Rejected]: ...

    def discard(self, documents: Mapping[str, Stored]) -> None: ...


@dataclass(frozen=True)
class Loaded:
    """A new or changed image, decoded; it was read at `read_at_ns`. `is_stored`: the index has a document of it."""

    ref: ImageRef
    image: DecodedImage
    content_sha256: str
    read_at_ns: int
    is_stored: bool


@dataclass(frozen=True)
class Refused:
    """The rejection of an image. `is_new` is false if an earlier job had rejected it, with nothing changed since."""

    rejected: Rejected
    basis: Basis
    is_new: bool = True


def ingest(
    chunk: Chunk,
    *,
    read: Read,
    decode: Decode,
    embed: Embed,
    index: ChunkIndex,
    fingerprint: str,
    remembered: Remembered | None = None,
) -> Outcome:
    """Index the new and changed images of a chunk; the others count as unchanged or rejected.
    Identical files are decoded and embedded once, but each counts.

    The document of an image whose file now holds no image is removed from the index before this returns; if the image
    is rejected for another reason, the document stays and the rejection says so. A `remembered` rejection that stands
    is repeated without decoding the image.

    Safe to repeat: ids are deterministic, and documents of an earlier attempt at this chunk count as indexed.
    Raises the errors of the index, such as IndexUnavailable; the chunk can then be ingested again.
    """
    attempt = _Attempt(
        chunk, read, decode, embed, index, fingerprint, nothing_remembered() if remembered is None else remembered
    )
    return attempt.run()


def give_up(chunk: Chunk, reason: Reason, detail: str, *, index: ChunkIndex, remembered: Remembered) -> Outcome:
    """Reject every image of a chunk without reading it, because of what it did to its process."""
    stored = index.stored([ref.id for ref in chunk.refs])
    rejected = tuple(_rejected(ref, reason, detail, is_stored=ref.id in stored) for ref in chunk.refs)
    bases = {ref.uri: remembered.basis(ref.uri, reason, "", read_at_ns=time.time_ns()) for ref in chunk.refs}
    return Outcome(indexed=0, unchanged=0, rejected=rejected, bases=bases)


@dataclass
class _Attempt:
    """One attempt at a chunk, and what it has found out about each image: True if it is indexed, False if it is
    unchanged."""

    chunk: Chunk
    read: Read
    decode: Decode
    embed: Embed
    index: ChunkIndex
    fingerprint: str
    remembered: Remembered
    results: dict[str, Refused | bool] = field(default_factory=dict)
    decoded: dict[str, DecodedImage] = field(default_factory=dict)

    def run(self) -> Outcome:
        left = {ref.id: ref for ref in self.chunk.refs}
        stored = self.index.stored(list(left))
        for _ in range(MOST_ROUNDS):
            self._write(self._loaded(left, stored))
            stored = self._discard(left, stored)
            # Another job has indexed these meanwhile: it may have read newer files than this one.
            left = {id: left[id] for id in stored}
            if not left:
                break
        return self._outcome()

    def _loaded(self, references: Mapping[str, ImageRef], stored: Mapping[str, Stored]) -> list[Loaded]:
        """The images to embed; the results of the others are known then."""
        loaded: list[Loaded] = []
        for id, ref in references.items():
            item = self._judged(ref, stored.get(id))
            loaded += [item] if isinstance(item, Loaded) else []
            self.results[id] = True if isinstance(item, Loaded) else item
        return loaded

    def _judged(self, ref: ImageRef, stored: Stored | None) -> Loaded | Refused | bool:
        """The image, decoded unless `decoded` contains the same bytes; or its result.

        The file's bytes are released on return, so that a chunk never holds two files: one may have a hundred
        megabytes.
        """
        earlier = self.remembered.of(ref, is_stored=stored is not None)
        etag = self.remembered.etag(ref)
        if earlier is not None and etag and etag == earlier.basis.etag:
            return _repeated(earlier, stored)
        read_at_ns, content_sha256 = time.time_ns(), ""
        try:
            data = self.read(ref.uri)
            content_sha256 = hashlib.sha256(data).hexdigest()
            if stored is not None and stored.model == self.fingerprint and stored.is_of(ref, content_sha256):
                return stored.chunk == self.chunk.origin
            if earlier is not None and earlier.basis.content_sha256 == content_sha256:
                return _repeated(earlier, stored)
            if content_sha256 not in self.decoded:
                self.decoded[content_sha256] = self.decode(data)
        except ImageRejected as error:
            basis = self.remembered.basis(ref.uri, error.reason, content_sha256, read_at_ns=read_at_ns)
            is_new = earlier is None or earlier.rejected.reason is not error.reason
            return Refused(_rejected(ref, error.reason, error.detail, is_stored=stored is not None), basis, is_new)
        return Loaded(ref, self.decoded[content_sha256], content_sha256, read_at_ns, is_stored=stored is not None)

    def _write(self, loaded: Sequence[Loaded]) -> None:
        if not loaded:
            return
        different = {item.content_sha256: item.image.pixels for item in loaded}
        vectors = dict(zip(different, self.embed(np.stack(list(different.values()))), strict=True))
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        documents: list[Document] = []
        for item in loaded:
            vector = vectors[item.content_sha256]
            if np.isfinite(vector).all() and vector.any():
                documents.append(_document(item, vector, self.chunk.origin, self.fingerprint, now))
            else:
                self._refuse(item, Reason.BAD_VECTOR, "the model returned a vector that is zero or not finite")
        by_uri = {item.ref.uri: item for item in loaded}
        for rejected in self.index.write(documents) if documents else ():
            self._refuse(by_uri[rejected.uri], rejected.reason, rejected.detail)

    def _refuse(self, item: Loaded, reason: Reason, detail: str) -> None:
        basis = self.remembered.basis(item.ref.uri, reason, item.content_sha256, read_at_ns=item.read_at_ns)
        self.results[item.ref.id] = Refused(_rejected(item.ref, reason, detail, is_stored=item.is_stored), basis)

    def _discard(self, references: Mapping[str, ImageRef], stored: Mapping[str, Stored]) -> Mapping[str, Stored]:
        """Remove the documents of images that are judged and rejected; those that exist nevertheless are returned."""
        judged = [id for id in references if self._is_judged_unfit(self.results[id])]
        if not judged:
            return {}
        if outdated := {id: stored[id] for id in judged if id in stored}:
            self.index.discard(outdated)
        return self.index.stored(judged)

    def _is_judged_unfit(self, result: Refused | bool) -> bool:
        return isinstance(result, Refused) and result.is_new and result.rejected.reason.is_about_content

    def _outcome(self) -> Outcome:
        """Counts by reference: an image that a chunk lists twice counts as indexed once and as unchanged once."""
        refused = [result for ref in self.chunk.refs if isinstance(result := self.results[ref.id], Refused)]
        indexed = sum(result is True for result in self.results.values())
        return Outcome(
            indexed=indexed,
            unchanged=len(self.chunk.refs) - indexed - len(refused),
            rejected=tuple(item.rejected for item in refused),
            repeated=frozenset(item.rejected.uri for item in refused if not item.is_new),
            bases={item.rejected.uri: item.basis for item in refused},
            settled=tuple(ref.uri for ref in self.chunk.refs if self._is_settled(ref)),
        )

    def _is_settled(self, ref: ImageRef) -> bool:
        result = self.results[ref.id]
        return result is True or (result is False and self.remembered.has(ref.uri))


def _rejected(ref: ImageRef, reason: Reason, detail: str, *, is_stored: bool) -> Rejected:
    return Rejected(ref.uri, reason, detail, kept=is_stored and not reason.is_about_content)


def _repeated(earlier: Rejection, stored: Stored | None) -> Refused:
    basis = replace(earlier.basis, judged_at_ms=time.time_ns() // NS_PER_MS)
    return Refused(replace(earlier.rejected, kept=stored is not None), basis, is_new=False)


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

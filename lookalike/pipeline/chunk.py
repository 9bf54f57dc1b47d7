"""Ingests one chunk: reads, decodes, embeds and indexes its images, or rejects them."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.host_wait import HostWait
from lookalike.images import NO_PIXELS, DecodedImage
from lookalike.index.annotation import Annotated, Annotation
from lookalike.metadata import Fields
from lookalike.pipeline.loaded import Kept, Loaded, annotation_of, document_of
from lookalike.pipeline.parts import Asking, Embed, Parts
from lookalike.pipeline.verdicts import Verdicts, rejected_of
from lookalike.reading.arrivals import Arrival, Delayed, Meanwhile, Unchanged, Wanted
from lookalike.reading.contract import Fetched
from lookalike.records import Chunk, Document, ImageRef, Outcome, Reason, Rejected, Stored
from lookalike.remembered import Remembered, nothing_remembered

#: A chunk looks again at images that other jobs index at the same time, this often at most.
MOST_ROUNDS = 3

#: Calls its second argument while nothing has arrived, as long as that returns true.
Fetch = Callable[[Sequence[Wanted], Meanwhile], Generator[Arrival]]
Decode = Callable[[bytes], DecodedImage]


class ChunkIndex(Protocol):
    """The methods of an index that a chunk uses."""

    def fields(self) -> Fields: ...

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]: ...

    def write(self, documents: Sequence[Document]) -> list[Rejected]: ...

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated: ...

    def discard(self, documents: Mapping[str, Stored]) -> None: ...


def ingest(
    chunk: Chunk,
    *,
    fetch: Fetch,
    decode: Decode,
    embed: Embed | Asking,
    index: ChunkIndex,
    fingerprint: str,
    remembered: Remembered | None = None,
    wait: HostWait | None = None,
) -> Outcome:
    """Index the new and changed images of a chunk; the others count as unchanged or rejected.
    Identical files are decoded and embedded once, but each counts. `fetch` gives the bytes, in any order; an image
    whose document has the etag that it has now is not read. If only label or metadata differ, the document keeps its
    vector.

    Images that their host does not give now are put aside as `wait` allows, by default not at all; then they are
    rejected.

    The document of an image whose file now holds no image is removed from the index before this returns; if the image
    is rejected for another reason, the document stays and the rejection says so. A `remembered` rejection that stands
    is repeated without decoding the image.

    Safe to repeat: ids are deterministic, and documents of an earlier attempt at this chunk count as indexed.
    Raises the errors of the index, such as IndexUnavailable, and SourceUnavailable if the folder of local images is
    away; the chunk can then be ingested again.
    """
    known = nothing_remembered() if remembered is None else remembered
    verdicts = Verdicts(chunk, known, wait or HostWait())
    return _Attempt(chunk, fetch, decode, Parts(embed), index, fingerprint, verdicts).run()


def give_up(chunk: Chunk, reason: Reason, detail: str, *, index: ChunkIndex, remembered: Remembered) -> Outcome:
    """Reject every image of a chunk without reading it, because of what it did to its process."""
    stored = index.stored([ref.id for ref in chunk.refs])
    rejected = tuple(rejected_of(ref, reason, detail, is_stored=ref.id in stored) for ref in chunk.refs)
    bases = {ref.uri: remembered.basis(ref.uri, reason, "", read_at_ns=time.time_ns()) for ref in chunk.refs}
    return Outcome(indexed=0, unchanged=0, rejected=rejected, bases=bases)


@dataclass
class _Attempt:
    """One attempt at a chunk."""

    chunk: Chunk
    fetch: Fetch
    decode: Decode
    parts: Parts
    index: ChunkIndex
    fingerprint: str
    verdicts: Verdicts
    decoded: dict[str, DecodedImage] = field(default_factory=dict)

    def run(self) -> Outcome:
        left = {ref.id: ref for ref in self.chunk.refs}
        for _ in range(MOST_ROUNDS):
            self.verdicts.stored = self.index.stored(list(left))
            wanted, kept = self._sorted(left.values())
            loaded, same = self._fetched(wanted)
            self._write(loaded)
            again = self._annotate([*kept, *same]) | self._discard(left)
            if not again:
                break
            # Another job has written these meanwhile: it may have read newer files than this one.
            left = {id: left[id] for id in again}
        return self.verdicts.outcome()

    def _sorted(self, references: Iterable[ImageRef]) -> tuple[list[Wanted], list[Kept]]:
        """The images to read, and those that need no request; a rejection that stands is repeated."""
        wanted: list[Wanted] = []
        kept: list[Kept] = []
        for ref in references:
            found, earlier = self.verdicts.stored.get(ref.id), self.verdicts.earlier(ref)
            if earlier is not None and self.verdicts.stands(earlier, ref):
                self.verdicts.repeat(ref, earlier)
            elif earlier is not None:
                wanted.append(Wanted(ref, earlier.basis.etag))
            elif found is None or found.model != self.fingerprint:
                wanted.append(Wanted(ref))
            elif found.etag and found.etag == ref.etag:
                kept.append(Kept(ref, found, found.etag))
            else:
                wanted.append(Wanted(ref, found.etag))
        return wanted, kept

    def _fetched(self, wanted: Sequence[Wanted]) -> tuple[list[Loaded], list[Kept]]:
        """The images to embed, and those whose documents keep their vectors; the others have verdicts then.

        Nothing here holds an arrival: its bytes are released when the next one is asked for.
        """
        items: list[Loaded | Kept | None] = []
        if wanted:
            with closing(self.fetch(wanted, self.parts.work)) as arrivals:
                items += map(self._judged, arrivals)
        return [item for item in items if isinstance(item, Loaded)], [item for item in items if isinstance(item, Kept)]

    def _judged(self, arrival: Arrival) -> Loaded | Kept | None:
        """The image, decoded unless `decoded` contains the same bytes, or its document; None if it has a verdict."""
        ref, result = arrival.ref, arrival.result
        if isinstance(result, Fetched):
            return self._read(arrival, result)
        if isinstance(result, Unchanged):
            earlier = self.verdicts.earlier(ref)
            if earlier is None:
                return Kept(ref, self.verdicts.stored[ref.id], result.etag)
            self.verdicts.repeat(ref, earlier)
        elif isinstance(result, Delayed):
            self.verdicts.delay(ref, result)
        else:
            self.verdicts.reject(ref, result, arrival.read_at_ns)
        return None

    def _read(self, arrival: Arrival, fetched: Fetched) -> Loaded | Kept | None:
        ref, content_sha256 = arrival.ref, hashlib.sha256(fetched.data).hexdigest()
        found, earlier = self.verdicts.stored.get(ref.id), self.verdicts.earlier(ref)
        if found is not None and found.model == self.fingerprint and found.content_sha256 == content_sha256:
            return Kept(ref, found, fetched.etag)
        if earlier is not None and earlier.basis.content_sha256 == content_sha256:
            self.verdicts.repeat(ref, earlier, fetched.etag)
            return None
        try:
            if content_sha256 not in self.decoded:
                image = self.decode(fetched.data)
                self.parts.add(content_sha256, image.left or image.pixels)
                # The pixels live no longer than their part.
                self.decoded[content_sha256] = replace(image, pixels=NO_PIXELS, left=None)
        except ImageRejected as error:
            self.verdicts.reject(ref, error, arrival.read_at_ns, content_sha256, fetched.etag)
            return None
        self.verdicts.accept(ref, is_indexed=True)
        return Loaded(ref, self.decoded[content_sha256], content_sha256, fetched.etag, arrival.read_at_ns)

    def _write(self, loaded: Sequence[Loaded]) -> None:
        if not loaded:
            return
        vectors = self.parts.vectors()
        now = _now()
        documents: list[Document] = []
        for item in loaded:
            vector = vectors[item.content_sha256]
            if isinstance(vector, ImageRejected):
                self.verdicts.reject(item.ref, vector, item.read_at_ns, item.content_sha256, item.etag)
            elif np.isfinite(vector).all() and vector.any():
                document = document_of(item, vector, self.chunk.origin, self.fingerprint, now)
                documents.append(self._as_told(document, item.ref))
            else:
                self._refuse(item, Reason.BAD_VECTOR, "the model returned a vector that is zero or not finite")
        by_uri = {item.ref.uri: item for item in loaded}
        for rejected in self.index.write(documents) if documents else ():
            self._refuse(by_uri[rejected.uri], rejected.reason, rejected.detail)

    def _as_told(self, document: Document, ref: ImageRef) -> Document:
        """With the label and the metadata that the index holds, if nobody could read what they are now."""
        stored = self.verdicts.stored.get(ref.id) if ref.keeps_metadata else None
        return document if stored is None else replace(document, name=stored.name, metadata=stored.metadata)

    def _refuse(self, item: Loaded, reason: Reason, detail: str) -> None:
        error = ImageRejected(reason, detail)
        self.verdicts.refuse(item.ref, error, item.read_at_ns, item.content_sha256, item.etag)

    def _told(self, kept: Sequence[Kept]) -> set[str]:
        """The ids of those whose documents get another label or other metadata."""
        other = [item for item in kept if item.tells_something_else({})]
        # The types of the fields say whether "n/a" is a value; most chunks need not ask the index for them.
        fields = self.index.fields() if any(item.ref.metadata for item in other) else {}
        return {item.ref.id for item in other if item.tells_something_else(fields)}

    def _annotate(self, kept: Sequence[Kept]) -> set[str]:
        """Give documents new labels and metadata; the ids of those that somebody else has written meanwhile are
        returned."""
        now, annotations = _now(), dict[str, Annotation]()
        told = self._told(kept)
        for item in kept:
            is_told = item.ref.id in told
            # A document that this chunk has annotated before it was repeated counts as indexed again.
            self.verdicts.accept(item.ref, is_indexed=is_told or item.stored.chunk == self.chunk.origin)
            if is_told or item.has_another_etag:
                origin = self.chunk.origin if is_told else item.stored.chunk
                annotations[item.ref.id] = annotation_of(item, origin, now)
        if not annotations:
            return set()
        done, rejected = self.index.annotate(annotations)
        self.verdicts.annotated |= told & done
        refs = {item.ref.uri: item for item in kept}
        for refusal in rejected:
            self._refuse_metadata(refs[refusal.uri], refusal)
        return annotations.keys() - done - {refs[refusal.uri].ref.id for refusal in rejected}

    def _refuse_metadata(self, item: Kept, refusal: Rejected) -> None:
        error = ImageRejected(refusal.reason, refusal.detail)
        self.verdicts.reject(item.ref, error, time.time_ns(), item.stored.content_sha256, item.etag)

    def _discard(self, references: Iterable[str]) -> set[str]:
        """Remove the documents of images that are judged and rejected; the ids of those that exist nevertheless are
        returned."""
        judged = [id for id in references if self.verdicts.is_unfit(id)]
        if not judged:
            return set()
        if outdated := {id: self.verdicts.stored[id] for id in judged if id in self.verdicts.stored}:
            self.index.discard(outdated)
        return set(self.index.stored(judged))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""The core of ingestion: turns a chunk of references into documents in the index. Imports no Celery and no model."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from lookalike.errors import ImageRejected, SourceUnavailable
from lookalike.host_wait import HostWait
from lookalike.images import DecodedImage
from lookalike.index.annotation import Annotated, Annotation
from lookalike.metadata import agree
from lookalike.reading.arrivals import Arrival, Delayed, Unchanged, Wanted
from lookalike.reading.contract import Fetched
from lookalike.records import (
    Basis,
    Chunk,
    Document,
    ImageRef,
    Outcome,
    Pixels,
    PutAside,
    Reason,
    Rejected,
    Rejection,
    Stored,
    Vector,
    Vectors,
    Wait,
)
from lookalike.remembered import NS_PER_MS, Remembered, nothing_remembered

#: A chunk looks again at images that other jobs index at the same time, this often at most.
MOST_ROUNDS = 3

Fetch = Callable[[Sequence[Wanted]], Generator[Arrival]]
Decode = Callable[[bytes], DecodedImage]
Embed = Callable[[Pixels], Vectors]


class ChunkIndex(Protocol):
    """The methods of an index that a chunk uses."""

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]: ...

    def write(self, documents: Sequence[Document]) -> list[Rejected]: ...

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated: ...

    def discard(self, documents: Mapping[str, Stored]) -> None: ...


@dataclass(frozen=True)
class Loaded:
    """A new or changed image, decoded; it was read at `read_at_ns`."""

    ref: ImageRef
    image: DecodedImage
    content_sha256: str
    etag: str
    read_at_ns: int


@dataclass(frozen=True)
class Kept:
    """An image whose document keeps its vector. Label, metadata or `etag` of the document change if they differ."""

    ref: ImageRef
    stored: Stored
    etag: str

    @property
    def tells_something_else(self) -> bool:
        return not agree(self.stored, self.ref)

    @property
    def has_another_etag(self) -> bool:
        return bool(self.etag) and self.etag != self.stored.etag


@dataclass(frozen=True)
class Refused:
    """The rejection of an image. `is_new` is false if an earlier job had rejected it, with nothing changed since."""

    rejected: Rejected
    basis: Basis
    is_new: bool = True


def ingest(
    chunk: Chunk,
    *,
    fetch: Fetch,
    decode: Decode,
    embed: Embed,
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
    Raises the errors of the index, such as IndexUnavailable, and SourceUnavailable if no image of the chunk can be read
    for the same reason; the chunk can then be ingested again.
    """
    known = nothing_remembered() if remembered is None else remembered
    return _Attempt(chunk, fetch, decode, embed, index, fingerprint, known, wait or HostWait()).run()


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
    fetch: Fetch
    decode: Decode
    embed: Embed
    index: ChunkIndex
    fingerprint: str
    remembered: Remembered
    wait: HostWait
    results: dict[str, Refused | Delayed | bool] = field(default_factory=dict)
    decoded: dict[str, DecodedImage] = field(default_factory=dict)
    stored: Mapping[str, Stored] = field(default_factory=dict)

    def run(self) -> Outcome:
        left = {ref.id: ref for ref in self.chunk.refs}
        for _ in range(MOST_ROUNDS):
            self.stored = self.index.stored(list(left))
            wanted, kept = self._sorted(left.values())
            loaded, same = self._fetched(wanted)
            self._write(loaded)
            again = self._annotate([*kept, *same]) | self._discard(left)
            if not again:
                break
            # Another job has written these meanwhile: it may have read newer files than this one.
            left = {id: left[id] for id in again}
        return self._outcome()

    def _sorted(self, references: Iterable[ImageRef]) -> tuple[list[Wanted], list[Kept]]:
        """The images to read, and those that need no request; a rejection that stands is repeated."""
        wanted: list[Wanted] = []
        kept: list[Kept] = []
        for ref in references:
            found, earlier = self.stored.get(ref.id), self._earlier(ref)
            if earlier is not None and earlier.basis.etag and earlier.basis.etag == self.remembered.etag(ref):
                self.results[ref.id] = _repeated(earlier, found)
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
        """The images to embed, and those whose documents keep their vectors; the others have results then.

        Nothing here holds an arrival: its bytes are released when the next one is asked for.
        """
        items: list[Loaded | Kept | None] = []
        if wanted:
            with closing(self.fetch(wanted)) as arrivals:
                items += map(self._judged, arrivals)
        self._check_sources()
        return [item for item in items if isinstance(item, Loaded)], [item for item in items if isinstance(item, Kept)]

    def _judged(self, arrival: Arrival) -> Loaded | Kept | None:
        """The image, decoded unless `decoded` contains the same bytes, or its document; None if it has a result."""
        ref, result = arrival.ref, arrival.result
        if isinstance(result, Fetched):
            return self._read(arrival, result)
        if isinstance(result, Unchanged):
            earlier = self._earlier(ref)
            if earlier is None:
                return Kept(ref, self.stored[ref.id], result.etag)
            self.results[ref.id] = _repeated(earlier, self.stored.get(ref.id))
        elif isinstance(result, Delayed):
            self.results[ref.id] = result
        else:
            self.results[ref.id] = self._refused(ref, result, arrival.read_at_ns)
        return None

    def _read(self, arrival: Arrival, fetched: Fetched) -> Loaded | Kept | None:
        ref, content_sha256 = arrival.ref, hashlib.sha256(fetched.data).hexdigest()
        found, earlier = self.stored.get(ref.id), self._earlier(ref)
        if found is not None and found.model == self.fingerprint and found.content_sha256 == content_sha256:
            return Kept(ref, found, fetched.etag)
        if earlier is not None and earlier.basis.content_sha256 == content_sha256:
            self.results[ref.id] = _repeated(earlier, found)
            return None
        try:
            if content_sha256 not in self.decoded:
                self.decoded[content_sha256] = self.decode(fetched.data)
        except ImageRejected as error:
            self.results[ref.id] = self._refused(ref, error, arrival.read_at_ns, content_sha256, fetched.etag)
            return None
        self.results[ref.id] = True
        image = self.decoded[content_sha256]
        return Loaded(ref, image, content_sha256, fetched.etag, arrival.read_at_ns)

    def _earlier(self, ref: ImageRef) -> Rejection | None:
        return self.remembered.of(ref, is_stored=ref.id in self.stored)

    def _refused(
        self, ref: ImageRef, error: ImageRejected, read_at_ns: int, content_sha256: str = "", etag: str = ""
    ) -> Refused:
        earlier = self._earlier(ref)
        basis = self.remembered.basis(ref.uri, error.reason, content_sha256, read_at_ns=read_at_ns, etag=etag)
        is_new = earlier is None or earlier.rejected.reason is not error.reason
        rejected = _rejected(ref, error.reason, error.detail, is_stored=ref.id in self.stored)
        return Refused(rejected, basis, is_new)

    def _check_sources(self) -> None:
        """Raises SourceUnavailable if it is all that came of this chunk: then the chunk waits as a whole."""
        errors = [result.error for result in self.results.values() if isinstance(result, Delayed)]
        away = [error for error in errors if isinstance(error, SourceUnavailable)]
        if away and len(away) == len({ref.id for ref in self.chunk.refs}):
            raise away[0]

    def _write(self, loaded: Sequence[Loaded]) -> None:
        if not loaded:
            return
        different = {item.content_sha256: item.image.pixels for item in loaded}
        vectors = dict(zip(different, self.embed(np.stack(list(different.values()))), strict=True))
        now = _now()
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
        basis = self.remembered.basis(
            item.ref.uri, reason, item.content_sha256, read_at_ns=item.read_at_ns, etag=item.etag
        )
        rejected = _rejected(item.ref, reason, detail, is_stored=item.ref.id in self.stored)
        self.results[item.ref.id] = Refused(rejected, basis)

    def _annotate(self, kept: Sequence[Kept]) -> set[str]:
        """Give documents new labels and metadata; the ids of those that somebody else has written meanwhile are
        returned."""
        now, annotations = _now(), dict[str, Annotation]()
        for item in kept:
            is_told = item.tells_something_else
            # A document that this chunk has annotated before it was repeated counts as indexed again.
            self.results[item.ref.id] = is_told or item.stored.chunk == self.chunk.origin
            if is_told or item.has_another_etag:
                origin = self.chunk.origin if is_told else item.stored.chunk
                annotations[item.ref.id] = _annotation(item, origin, now)
        if not annotations:
            return set()
        done, rejected = self.index.annotate(annotations)
        refs = {item.ref.uri: item for item in kept}
        for refusal in rejected:
            self._refuse_metadata(refs[refusal.uri], refusal)
        return annotations.keys() - done - {refs[refusal.uri].ref.id for refusal in rejected}

    def _refuse_metadata(self, item: Kept, refusal: Rejected) -> None:
        error = ImageRejected(refusal.reason, refusal.detail)
        self.results[item.ref.id] = self._refused(
            item.ref, error, time.time_ns(), item.stored.content_sha256, item.etag
        )

    def _discard(self, references: Iterable[str]) -> set[str]:
        """Remove the documents of images that are judged and rejected; the ids of those that exist nevertheless are
        returned."""
        judged = [id for id in references if self._is_judged_unfit(self.results[id])]
        if not judged:
            return set()
        if outdated := {id: self.stored[id] for id in judged if id in self.stored}:
            self.index.discard(outdated)
        return set(self.index.stored(judged))

    def _is_judged_unfit(self, result: Refused | Delayed | bool) -> bool:
        return isinstance(result, Refused) and result.is_new and result.rejected.reason.is_about_content

    def _outcome(self) -> Outcome:
        """Counts by reference: an image that a chunk lists twice counts as indexed once and as unchanged once."""
        aside = self._put_aside()
        refused = [result for ref in self.chunk.refs if isinstance(result := self.results[ref.id], Refused)]
        indexed = sum(result is True for result in self.results.values())
        waiting = sum(len(item.refs) for item in aside)
        return Outcome(
            indexed=indexed,
            unchanged=len(self.chunk.refs) - indexed - len(refused) - waiting,
            rejected=tuple(item.rejected for item in refused),
            repeated=frozenset(item.rejected.uri for item in refused if not item.is_new),
            bases={item.rejected.uri: item.basis for item in refused},
            settled=tuple(ref.uri for ref in self.chunk.refs if self._is_settled(ref)),
            aside=aside,
        )

    def _put_aside(self) -> tuple[PutAside, ...]:
        """The images that go on waiting, by host; those that have waited for long enough are rejected."""
        groups: dict[tuple[str, bool], list[ImageRef]] = defaultdict(list)
        waits: dict[tuple[str, bool], tuple[Wait, float]] = {}
        for ref in self.chunk.refs:
            result = self.results[ref.id]
            if not isinstance(result, Delayed):
                continue
            group = (result.host, result.has_progress)
            if group not in waits:
                if (wait := self.wait.next(result)) is None:
                    error = ImageRejected(Reason.HOST_UNAVAILABLE, result.error.why)
                    self.results[ref.id] = self._refused(ref, error, time.time_ns())
                    continue
                waits[group] = wait
            groups[group].append(ref)
        return tuple(PutAside(tuple(refs), *waits[group]) for group, refs in groups.items())

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
        etag=item.etag,
    )


def _annotation(item: Kept, origin: str, now: str) -> Annotation:
    etag = item.etag or item.stored.etag
    return Annotation(item.stored, item.ref.label, item.ref.metadata, etag, chunk=origin, ingested_at=now)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""The images of a chunk that go into the index: those to embed, and those whose documents keep their vectors."""

from dataclasses import dataclass

from lookalike.images import DecodedImage
from lookalike.index.annotation import Annotation
from lookalike.metadata import Fields, agree
from lookalike.records import Document, ImageRef, Stored, Vector


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

    def tells_something_else(self, fields: Fields) -> bool:
        """Whether the document gets another label or other metadata; `fields` are those of the index."""
        return not agree(self.stored, self.ref, fields)

    @property
    def has_another_etag(self) -> bool:
        return bool(self.etag) and self.etag != self.stored.etag


def document_of(item: Loaded, vector: Vector, origin: str, fingerprint: str, now: str) -> Document:
    """The document of an image; `origin` is the chunk that indexes it."""
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
        taken_at_ms=item.image.taken_at_ms,
    )


def annotation_of(item: Kept, origin: str, now: str) -> Annotation:
    """What its document is told."""
    etag = item.etag or item.stored.etag
    return Annotation(item.stored, item.ref.label, item.ref.metadata, etag, chunk=origin, ingested_at=now)

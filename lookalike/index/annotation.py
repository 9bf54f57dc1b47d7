"""New labels and metadata for stored documents, whose vectors stay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from lookalike.records import Document, Metadata, Rejected, Stored


@dataclass(frozen=True)
class Annotation:
    """What a document says from now on, if it is still as `seen`. The fields are as those of `Document`."""

    seen: Stored
    name: str | None
    metadata: Metadata
    etag: str
    chunk: str
    ingested_at: str

    def on(self, document: Document) -> Document | None:
        """The document as it is to be; None if it is another one than was seen."""
        if stored_of(document) != self.seen:
            return None
        return replace(
            document,
            name=self.name,
            metadata=self.metadata,
            etag=self.etag,
            chunk=self.chunk,
            ingested_at=self.ingested_at,
        )


class Annotated(NamedTuple):
    """`done` are ids. A document that is neither done nor rejected was written or removed since it was seen."""

    done: frozenset[str]
    rejected: list[Rejected]


def stored_of(document: Document) -> Stored:
    """What `Index.stored` says about a document."""
    return Stored(
        document.content_sha256, document.model, document.chunk, document.name, document.metadata, document.etag
    )


def annotated(annotations: Mapping[str, Annotation], documents: Iterable[Document]) -> list[Document]:
    """The documents as they are to be, without those that have changed."""
    return [changed for document in documents if (changed := annotations[document.id].on(document)) is not None]


def outcome(
    documents: Iterable[Document], rejected: list[Rejected], overtaken: frozenset[str] = frozenset()
) -> Annotated:
    """Of documents that were written, but for the rejected ones and those that somebody else wrote first."""
    refused = {item.uri for item in rejected}
    done = {document.id for document in documents if document.uri not in refused}
    return Annotated(frozenset(done - overtaken), rejected)

"""Groups of duplicates with what a person needs to choose among them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from lookalike.duplicates.best import Why, best
from lookalike.duplicates.stars import Star
from lookalike.records import Document, FileTimes
from lookalike.uris import is_remote, member_of

#: Documents read in one request.
BATCH = 500


class Readable(Protocol):
    """The part of `Index` that is used here."""

    def documents(self, ids: Sequence[str]) -> dict[str, Document]: ...


@dataclass(frozen=True)
class Member:
    """One image of a group."""

    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is: a path, a web address or an address of a store."""
    name: str | None
    """The label; None without one."""
    content_sha256: str
    """SHA-256 of the file: the same for identical images."""
    score: float = 1.0
    """Score with the centre of the group."""
    width: int = 0
    """In pixels."""
    height: int = 0
    """In pixels."""
    size_bytes: int | None = None
    """Size of the file; None where it is not known, as for most images that are not local."""
    modified_at: str | None = None
    """When the file was changed (UTC, ISO 8601); None where it is not known."""
    ingested_at: str = ""
    """When the image was indexed (UTC, ISO 8601)."""
    taken_at_ms: int | None = None
    """When the photograph was taken, in milliseconds since 1970; None where it is not known."""


@dataclass(frozen=True)
class Group:
    """A group of identical or near-identical images. Each has a score of at least `score` with the centre."""

    members: tuple[Member, ...]
    """The images, sorted by uri."""
    is_identical: bool
    """Whether all have the same bytes."""
    score: float
    """The lowest score of a member with the centre."""
    centre: str
    """Id of the image that all others are near."""
    keep: str
    """Id of the image that we propose to keep."""
    why: Why
    """Why: it has the most `pixels`, the most `bytes`, is the `oldest` file or has the shortest `path`."""

    @property
    def key(self) -> str:
        """A text that is the same for the same images, and for no others."""
        ids = " ".join(sorted(member.id for member in self.members))
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    @property
    def others(self) -> tuple[Member, ...]:
        """All members but the one that we propose to keep."""
        return tuple(member for member in self.members if member.id != self.keep)


def groups_of(index: Readable, stars: Iterable[Star]) -> Iterator[Group]:
    """The groups of these stars, as their documents are now: images that are gone are left out, and so is a group whose
    centre is gone, or of which one image is left."""
    for some in _batches(stars):
        documents = index.documents([id for star in some for id in star.scores])
        for star in some:
            if group := _group(star, documents):
                yield group


def _batches(stars: Iterable[Star]) -> Iterator[list[Star]]:
    """The stars in lists of at most about BATCH images."""
    some: list[Star] = []
    images = 0
    for star in stars:
        some.append(star)
        images += len(star.scores)
        if images >= BATCH:
            yield some
            some, images = [], 0
    if some:
        yield some


def _group(star: Star, documents: Mapping[str, Document]) -> Group | None:
    found = _sized([_member(documents[id], score) for id, score in star.scores.items() if id in documents])
    members = tuple(sorted(found, key=lambda member: member.uri))
    is_identical = len({member.content_sha256 for member in members}) == 1
    if len(members) < 2 or not (star.centre in documents or is_identical):
        return None
    keep, why = best(members)
    centre = star.centre if star.centre in documents else keep.id
    score = 1.0 if is_identical else min(member.score for member in members)
    return Group(members, is_identical, score, centre, keep.id, why)


def _sized(members: Sequence[Member]) -> list[Member]:
    """With the size of a file also where it is known only of another one with the same bytes."""
    sizes = {member.content_sha256: member.size_bytes for member in members if member.size_bytes is not None}
    return [replace(member, size_bytes=sizes.get(member.content_sha256)) for member in members]


def _member(document: Document, score: float) -> Member:
    # The etag of what is in an archive is that of the archive.
    times = FileTimes.of_etag(document.etag) if is_file(document.uri) else None
    return Member(
        id=document.id,
        uri=document.uri,
        name=document.name,
        content_sha256=document.content_sha256,
        score=score,
        width=document.width,
        height=document.height,
        size_bytes=times.size_bytes if times else None,
        modified_at=time_of(times.modified_ns) if times else None,
        ingested_at=document.ingested_at,
        taken_at_ms=document.taken_at_ms,
    )


def is_file(uri: str) -> bool:
    """Whether an image is a file of its own, and neither in a store nor in an archive."""
    return not is_remote(uri) and member_of(uri) is None


def time_of(moment_ns: int) -> str | None:
    """A time of a file in UTC; None for a time that no calendar has: a file system may hold any."""
    try:
        return datetime.fromtimestamp(moment_ns // 10**9, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return None

"""Finds groups of identical and near-identical images in an index, or among those of it that meet filters.

Memory: about 300 bytes per image (its id and the digest of its bytes), and for images in groups everything but the
vector. Time: one look-up and one search for each distinct image. An approximate search misses hardly any image as near
as a copy; `exact` misses none, and its time grows with the square of the number of images.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from lookalike.batches import batched
from lookalike.filters import Condition, Filters
from lookalike.index.base import DOCUMENTS_PER_BATCH
from lookalike.records import Document, Match, Stored, Vector

#: Images looked up in one request.
BATCH = 500
#: Neighbours requested at first; the number doubles while the last of them is near enough.
FIRST_NEIGHBOURS = 8
MOST_NEIGHBOURS = 1024
#: Searches that run at the same time.
THREADS = 4


class Searchable(Protocol):
    """The part of `Index` that is used here."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]: ...

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]: ...

    def get(self, id: str) -> Document | None: ...

    def search(self, vector: Vector, k: int, filters: Filters | None = None, *, exact: bool = False) -> list[Match]: ...

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]: ...


@dataclass(frozen=True)
class Member:
    """One image of a group."""

    id: str
    uri: str
    name: str | None
    content_sha256: str


@dataclass(frozen=True)
class Group:
    """A group of images. `is_identical`: all have the same bytes; otherwise each has a score of at least `score` with
    another one."""

    members: tuple[Member, ...]
    is_identical: bool
    score: float


@dataclass
class Links:
    """Union-find over image ids, with the lowest score of each group."""

    parents: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    def root(self, id: str) -> str:
        parent = self.parents.setdefault(id, id)
        while parent != self.parents[parent]:
            # Path halving keeps later look-ups short.
            self.parents[parent] = self.parents[self.parents[parent]]
            parent = self.parents[parent]
        return parent

    def join(self, one: str, other: str, score: float) -> None:
        first, second = self.root(one), self.root(other)
        weakest = min(score, self.scores.pop(first, 1.0), self.scores.pop(second, 1.0))
        self.parents[second] = first
        self.scores[first] = weakest

    def groups(self) -> dict[str, list[str]]:
        """The ids of each group, by its root."""
        found: dict[str, list[str]] = {}
        for id in self.parents:
            found.setdefault(self.root(id), []).append(id)
        return found


class Finder:
    """Scans an index once: call `look` for each batch of `batches`, then `groups`."""

    def __init__(
        self,
        index: Searchable,
        threshold: float | None,
        filters: Sequence[Condition] = (),
        *,
        exact: bool = False,
    ) -> None:
        self._index = index
        self._filters = filters
        self._is_exact = exact
        #: Two images with at least this score are near-identical; None: find identical images only.
        self._threshold = threshold
        self._links = Links()
        self._first_of: dict[bytes, str] = {}
        self.images = 0

    def batches(self) -> Iterator[list[str]]:
        """Yield the ids of all stored images that meet the filters in batches."""
        return batched(self._ids(), BATCH)

    def _ids(self) -> Iterator[str]:
        if not self._filters:
            return (id for id, _ in self._index.scan())
        documents = self._index.scan_documents(filters=self._filters)
        return (document.id for batch in documents for document in batch)

    def look(self, ids: Sequence[str], pool: ThreadPoolExecutor) -> None:
        """Join images with the same digest; search neighbours only for the first image of each digest."""
        stored = self._index.stored(ids, is_fresh=False)
        different = []
        for id in ids:
            if id not in stored:
                continue
            self.images += 1
            first = self._first_of.setdefault(bytes.fromhex(stored[id].content_sha256), id)
            if first != id:
                self._links.join(first, id, 1.0)
            else:
                different.append(id)
        if self._threshold is not None:
            for id, near in zip(different, pool.map(self._near, different), strict=True):
                for match in near:
                    self._links.join(id, match.id, match.score)

    def _near(self, id: str) -> list[Match]:
        document = self._index.get(id)
        if document is None or self._threshold is None:
            return []
        wanted = FIRST_NEIGHBOURS
        while True:
            matches = self._index.search(document.image_embedding, wanted, self._filters, exact=self._is_exact)
            near = [match for match in matches if match.score >= self._threshold]
            if len(near) < wanted or wanted >= MOST_NEIGHBOURS:
                return [match for match in near if match.id != id]
            wanted *= 2

    def groups(self) -> list[Group]:
        """The groups, largest first."""
        found = [self._group(root, ids) for root, ids in self._links.groups().items() if len(ids) > 1]
        return sorted(
            (group for group in found if len(group.members) > 1),
            key=lambda group: (-len(group.members), group.members[0].uri),
        )

    def _group(self, root: str, ids: list[str]) -> Group:
        members = sorted(self._members(ids), key=lambda member: member.uri)
        digests = {member.content_sha256 for member in members}
        is_identical = len(digests) == 1
        return Group(tuple(members), is_identical, 1.0 if is_identical else self._links.scores.get(root, 1.0))

    def _members(self, ids: Iterable[str]) -> Iterator[Member]:
        for id in ids:
            # `stored` does not return the URI.
            if document := self._index.get(id):
                yield Member(id, document.uri, document.name, document.content_sha256)

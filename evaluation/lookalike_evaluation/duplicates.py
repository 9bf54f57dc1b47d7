"""Groups of identical and of near-identical pictures in an index, found picture by picture; knows no kind of index.

Memory: what is known of each picture, about 300 bytes (its id and the digest of its bytes), and of those in groups all
but the vector. Time: one look-up and one search for each different picture.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from lookalike.records import Document, Match, Stored, Vector

#: Pictures looked up in one request.
BATCH = 500
#: Neighbours asked for at first; twice as many again while the last of them is near enough.
FIRST_NEIGHBOURS = 8
MOST_NEIGHBOURS = 1024
#: Searches under way at a time.
THREADS = 4


class Searchable(Protocol):
    """What of an index is needed here; see `Index`."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]: ...

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]: ...

    def get(self, id: str) -> Document | None: ...

    def search(self, vector: Vector, k: int) -> list[Match]: ...


@dataclass(frozen=True)
class Member:
    """One picture of a group."""

    id: str
    uri: str
    name: str | None
    content_sha256: str


@dataclass(frozen=True)
class Group:
    """Pictures that belong together: `is_identical` if all have the same bytes, else each is at least `score` near
    to another one."""

    members: tuple[Member, ...]
    is_identical: bool
    score: float


@dataclass
class Links:
    """Which pictures belong together: union-find over their ids, with the weakest score of each group."""

    parents: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    def root(self, id: str) -> str:
        parent = self.parents.setdefault(id, id)
        while parent != self.parents[parent]:
            # Halving the path keeps the next look-up short.
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
    """Looks through an index once: `look` for each batch of pictures that `batches` gives, then `groups`."""

    def __init__(self, index: Searchable, threshold: float | None) -> None:
        self._index = index
        #: Score from which two pictures are near-identical; None: only identical ones are looked for.
        self._threshold = threshold
        self._links = Links()
        self._first_of: dict[bytes, str] = {}
        self.pictures = 0

    def batches(self) -> Iterator[list[str]]:
        """The ids of everything stored, a batch at a time."""
        ids = (id for id, _ in self._index.scan())
        while batch := list(islice(ids, BATCH)):
            yield batch

    def look(self, ids: Sequence[str], pool: ThreadPoolExecutor) -> None:
        """Identical bytes are joined by their digest; only the first picture of each digest is searched for."""
        stored = self._index.stored(ids, is_fresh=False)
        different = []
        for id in ids:
            if id not in stored:
                continue
            self.pictures += 1
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
            matches = self._index.search(document.image_embedding, wanted)
            near = [match for match in matches if match.score >= self._threshold]
            if len(near) < wanted or wanted >= MOST_NEIGHBOURS:
                return [match for match in near if match.id != id]
            wanted *= 2

    def groups(self) -> list[Group]:
        """Largest first."""
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
            # The uri is not among what `stored` tells.
            if document := self._index.get(id):
                yield Member(id, document.uri, document.name, document.content_sha256)

"""Compares the images of an index, or those of it that meet filters, with one another.

Memory: about 500 bytes for each image (its id and the digest of its bytes), and at most 800 more for one that is near
others. Time: one search for each distinct image, but not for those near an image that has many near ones. An
approximate search misses hardly any image as near as a copy; `exact` misses none, and its time grows with the square of
the number of images.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from lookalike.batches import batched
from lookalike.duplicates.stars import Star, Stars
from lookalike.filters import Condition, Filters
from lookalike.index import Index
from lookalike.index.base import DOCUMENTS_PER_BATCH
from lookalike.records import Document, Match, Metric, Stored, Vector

#: Two images with at least this cosine are near-identical: resized and re-encoded copies are above it.
THRESHOLD = 0.98
#: Images looked up in one request, and searched between two calls of `advance`.
BATCH = 500
SEARCHED = 100
#: Neighbours requested at first; the number doubles while the last of them is near enough.
FIRST_NEIGHBOURS = 8
MOST_NEIGHBOURS = 1024
#: Searches that run at the same time.
THREADS = 4

#: Called with the number of images that are done. What it raises ends the comparison.
Advance = Callable[[int], None]


class Searchable(Protocol):
    """The part of `Index` that is used here."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]: ...

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]: ...

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]: ...

    def search(self, vector: Vector, k: int, filters: Filters | None = None, *, exact: bool = False) -> list[Match]: ...

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]: ...


def default_threshold(index: Index) -> float | None:
    """The lowest score of near-identical images. None for a model that is compared by distance: its scores are all
    close to 1, so no threshold fits all of them, and only identical images are found."""
    return None if index.model().metric is Metric.L2 else THRESHOLD


class Comparison:
    """Call `read`, `compare` and `stars`, in this order. `threshold`: two images with at least this score are
    near-identical; None finds identical images only."""

    def __init__(
        self,
        index: Searchable,
        threshold: float | None,
        filters: Sequence[Condition] = (),
        *,
        exact: bool = False,
        threads: int = THREADS,
    ) -> None:
        self._index = index
        self._filters = filters
        self._is_exact = exact
        self._threshold = threshold
        self._threads = threads
        self._stars = Stars()
        #: One id for each digest, and the place in it of every id.
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._copies: dict[int, list[str]] = {}

    @property
    def images(self) -> int:
        """How many images there are, after `read`."""
        return len(self._places)

    def read(self, advance: Advance = lambda count: None) -> None:
        """Find out which images there are, and which of them have the same bytes."""
        digests: dict[str, bytes] = {}
        for batch in self._digests():
            digests.update((id, bytes.fromhex(digest)) for id, digest in batch)
            advance(len(batch))
        firsts: dict[bytes, int] = {}
        # Sorted, so that the groups do not depend on the order in which the index returns its documents.
        for id in sorted(digests):
            place = firsts.setdefault(digests[id], len(self._ids))
            self._places[id] = place
            if place == len(self._ids):
                self._ids.append(id)
            else:
                self._copies.setdefault(place, []).append(id)

    def compare(self, advance: Advance = lambda count: None) -> None:
        """Search what is near each image, once for all images with the same bytes."""
        if self._threshold is None:
            return
        pool = ThreadPoolExecutor(self._threads)
        try:
            for places in batched(range(len(self._ids)), SEARCHED):
                self._compare([place for place in places if not self._stars.has_place(place)], pool)
                advance(sum(1 + len(self._copies.get(place, ())) for place in places))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def stars(self) -> list[Star]:
        """The groups: identical images first, then large groups."""
        found: list[Star] = []
        placed: set[int] = set()
        for centre, members in self._stars.groups():
            near = {centre: 1.0, **dict(members)}
            placed |= near.keys()
            scores = {id: score for place, score in near.items() for id in self._same(place)}
            found.append(Star(self._ids[centre], scores))
        for place in self._copies.keys() - placed:
            found.append(Star(self._ids[place], dict.fromkeys(self._same(place), 1.0), is_identical=True))
        return sorted(found, key=lambda star: star.order)

    def _digests(self) -> Iterator[list[tuple[str, str]]]:
        """The ids of all images that meet the filters, with the digests of their bytes, in batches."""
        if self._filters:
            for documents in self._index.scan_documents(filters=self._filters):
                yield [(document.id, document.content_sha256) for document in documents]
            return
        for ids in batched((id for id, _ in self._index.scan()), BATCH):
            stored = self._index.stored(ids, is_fresh=False)
            yield [(id, each.content_sha256) for id, each in stored.items()]

    def _compare(self, places: Sequence[int], pool: ThreadPoolExecutor) -> None:
        vectors = self._index.vectors([self._ids[place] for place in places])
        # Those that were deleted meanwhile have none.
        there = [place for place in places if self._ids[place] in vectors]
        near = pool.map(lambda place: self._near(vectors[self._ids[place]]), there)
        for place, matches in zip(there, near, strict=True):
            self._stars.add(place, self._others(place, matches))

    def _near(self, vector: Vector) -> list[Match]:
        assert self._threshold is not None
        wanted = FIRST_NEIGHBOURS
        while True:
            matches = self._index.search(vector, wanted, self._filters, exact=self._is_exact)
            near = [match for match in matches if match.score >= self._threshold]
            if len(near) < wanted or wanted >= MOST_NEIGHBOURS:
                return near
            wanted *= 2

    def _others(self, place: int, matches: Iterable[Match]) -> Iterable[tuple[int, float]]:
        """The matches by place, without this one, its copies, and what was added meanwhile; best first."""
        found: dict[int, float] = {}
        for match in matches:
            other = self._places.get(match.id, place)
            if other != place:
                found.setdefault(other, match.score)
        return found.items()

    def _same(self, place: int) -> Iterator[str]:
        yield self._ids[place]
        yield from self._copies.get(place, ())

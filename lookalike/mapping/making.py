"""Makes the map of a version of an index, and adds later images to one."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import numpy as np

from lookalike.batches import batched
from lookalike.errors import PermanentError
from lookalike.fitting.progress import Advance, Progress, silent
from lookalike.index import Index
from lookalike.mapping.clusters import clusters_of
from lookalike.mapping.layout import lay_out
from lookalike.mapping.placing import Placer
from lookalike.mapping.projection import principal_components
from lookalike.mapping.record import Map, Places, ids_of, is_id, scaled
from lookalike.mapping.sample import SAMPLE, sample_of
from lookalike.records import Vectors

IDS_PER_READ = 1000
#: Images whose neighbours are looked for together: each look-up has a cost of its own, as much as that of thousands.
PLACED_TOGETHER = 5000
#: The verb of images that are read, and have no place yet.
READ = "read"

#: Ids and their vectors, or their places.
Batch = tuple[list[str], Vectors]
Placed = tuple[list[str], Places]
Place = Callable[[Vectors], Places]


def make_map(index: Index, *, size: int = SAMPLE, threads: int = 1, progress: Progress = silent) -> Map:
    """Lay out `size` images of the index together, and place the others by their neighbours among them.

    It holds the vectors of those, and less than 200 bytes for each other image. `index` is a version, so that it is
    the same one all the time. Raises PermanentError for an index without images, and what the index raises.
    """
    index.refresh()
    chosen = sample_of(_ids(index), size)
    ids, vectors = _together(_read(index, chosen, progress, READ))
    if not ids:
        raise PermanentError(f"Index {index.name} has no images to put on a map.", "Ingest some first.")
    project = principal_components(vectors)
    near = project(vectors)
    with progress("lay out", len(ids)) as advance:
        places = scaled(lay_out(near, threads, _told(advance, len(ids))))
    place = Placer(near, places, threads)
    others = _others(index, set(ids), progress)
    placed = _placed(others, lambda batch: place(project(batch)))
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return _map(index.model().fingerprint, made_at, len(ids), [(ids, places), *placed])


def add_to(index: Index, kept: Map, *, threads: int = 1, progress: Progress = silent) -> Map:
    """The map with the images that came later, and without those that are gone; what is on it stays where it is.

    Raises PermanentError if nothing of it is in the index any more, and what the index raises.
    """
    index.refresh()
    now = set(_ids(index))
    known = kept.texts()
    rows = [row for row, id in enumerate(known) if id in now]
    staying = [known[row] for row in rows]
    if not staying:
        raise PermanentError(
            f"No image of the map of {index.name} is in the index any more.", "`lookalike map` makes a new map."
        )
    new = sorted(now.difference(known))
    parts = [(staying, kept.places[rows])]
    if new:
        place = _placer(index, dict(zip(staying, rows, strict=True)), kept, threads)
        parts += _placed(_read(index, new, progress, "place"), place)
    return _map(kept.fingerprint, kept.made_at, kept.sample, parts)


def _ids(index: Index) -> Iterator[str]:
    return (id for id, _ in index.scan() if is_id(id))


def _placer(index: Index, rows: dict[str, int], kept: Map, threads: int) -> Place:
    """Places images beside those of the map, of which no more are compared than were laid out together."""
    ids, vectors = _together(_read(index, sample_of(rows, SAMPLE), silent, READ))
    return Placer(vectors, kept.places[[rows[id] for id in ids]], threads)


def _read(index: Index, ids: list[str], progress: Progress, verb: str) -> Iterator[Batch]:
    """The ids that are still in the index, with their vectors."""
    with progress(verb, len(ids)) as advance:
        for some in batched(ids, IDS_PER_READ):
            if found := index.vectors(some):
                yield list(found), np.stack([*found.values()]).astype(np.float32, copy=False)
            advance(len(some))


def _others(index: Index, known: set[str], progress: Progress) -> Iterator[Batch]:
    """All images but the known ones, with their vectors."""
    left = index.count() - len(known)
    if left <= 0:
        return
    with progress("place", left) as advance:
        for documents in index.scan_documents():
            new = [each for each in documents if each.id not in known and is_id(each.id)]
            if new:
                yield [each.id for each in new], np.stack([each.image_embedding for each in new])
            advance(len(new))


def _placed(batches: Iterable[Batch], place: Place) -> Iterator[Placed]:
    return ((ids, place(vectors)) for ids, vectors in _joined(batches))


def _joined(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same in batches of at least PLACED_TOGETHER images, but for the last one."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(len(ids) for ids, _ in waiting) >= PLACED_TOGETHER:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def _together(batches: Iterable[Batch]) -> Batch:
    found = list(batches)
    vectors = np.concatenate([some for _, some in found]) if found else np.empty((0, 0), np.float32)
    return [id for ids, _ in found for id in ids], vectors


def _map(fingerprint: str, made_at: str, sample: int, parts: Iterable[Placed]) -> Map:
    """The rows are in the order of their ids."""
    found = list(parts)
    texts = [id for ids, _ in found for id in ids]
    places = np.concatenate([some for _, some in found])
    order = sorted(range(len(texts)), key=texts.__getitem__)
    ids, places = ids_of([texts[row] for row in order]), places[order]
    return Map(fingerprint, made_at, sample, ids, places, clusters_of(places))


def _told(advance: Advance, total: int) -> Callable[[float], None]:
    """Turns the shares of a whole that are done into numbers of images."""
    told = 0

    def tell(share: float) -> None:
        nonlocal told
        done = int(share * total)
        advance(done - told)
        told = done

    return tell

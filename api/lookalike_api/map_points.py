"""What the page of the map draws: places, colours and clusters of all images, as few bytes."""

import hashlib
import json
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.batches import batched
from lookalike.errors import MapMissing
from lookalike.filters import Scalar, stored_field
from lookalike.index import Index
from lookalike.index.bound import ORDERED, facet_place
from lookalike.mapping.kept import read_map
from lookalike.mapping.record import NO_CLUSTER, Map, is_id
from lookalike_api.map_colours import GONE, Coded, coded

#: Seconds after which labels are read again: a page that is loaded shows nothing older.
FRESH_S = 10.0
#: Fields whose points are kept.
MOST_KEPT = 8
#: Of a scan: they are looked for on the map together.
IDS_AT_ONCE = 10_000
#: Values that name a cluster.
VALUES_OF_CLUSTER = 3


@dataclass(frozen=True)
class Packed:
    """The bytes of an answer, and a text that names them."""

    data: bytes

    @cached_property
    def tag(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:32]

    @cached_property
    def compressed(self) -> bytes:
        """As gzip: at the lowest level, since most of it are places, of which the others save hardly more."""
        packing = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
        return packing.compress(self.data) + packing.flush()


@dataclass(frozen=True)
class _Kept:
    """The map that was read last, and which one it is."""

    version: str
    tag: str
    map: Map
    ids: Packed


class MapPoints:
    """Both methods raise MapMissing and what the index raises. Thread-safe: one thread reads the index at a time."""

    def __init__(self, index: Index, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: _Kept | None = None
        self._packed: dict[str, tuple[float, Packed]] = {}

    def ids(self) -> Packed:
        """The ids of the images, 20 bytes each, in the order of the points."""
        with self._lock:
            return self._map().ids

    def points(self, field: str) -> Packed:
        """Of N images: the length of what follows as uint32; JSON about them; float32 [N, 2] with their places; uint16
        [N] with the codes of their values of `field`; uint16 [N] with the numbers of their clusters. Little-endian.

        Raises BadFilter for a field that the index does not have."""
        with self._lock:
            kept = self._map()
            now = self._clock()
            at, packed = self._packed.get(field, (now - FRESH_S, None))
            if packed is None or now - at >= FRESH_S:
                self._packed.pop(field, None)
                packed = _packed(kept, self._index, field)
                self._packed[field] = now, packed
            while len(self._packed) > MOST_KEPT:
                del self._packed[next(iter(self._packed))]
            return packed

    def _map(self) -> _Kept:
        version, tag = self._index.version(), self._index.map_tag()
        if tag is None:
            raise MapMissing(version)
        kept = self._kept
        if kept is None or (kept.version, kept.tag) != (version, tag):
            found = read_map(self._index)
            if found is None:
                raise MapMissing(version)
            kept = self._kept = _Kept(version, tag, found, Packed(found.ids.tobytes()))
            self._packed.clear()
        return kept


def _packed(kept: _Kept, index: Index, field: str) -> Packed:
    place = facet_place(field, index.fields(), index.name)
    values, is_there, new = _values(kept.map, index.scan_values(stored_field(field)))
    found = coded(values, is_ordered=place.type is not None and place.type.kind in ORDERED)
    found.codes[~is_there] = GONE
    head = {
        "version": kept.version,
        "made_at": kept.map.made_at,
        "points": len(kept.map),
        "images": int(is_there.sum()),
        "new": new,
        "field": str(place),
        "is_ordered": found.is_ordered,
        "values": [{"value": value, "documents": documents} for value, documents in found.values],
        "clusters": _clusters(kept.map, found),
        "ids": kept.ids.tag,
    }
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    # So that what follows begins at a multiple of four, as a browser reads it.
    text += b" " * (-len(text) % 4)
    arrays = (
        kept.map.places.astype("<f4").tobytes(),
        found.codes.astype("<u2").tobytes(),
        kept.map.clusters.astype("<u2").tobytes(),
    )
    return Packed(struct.pack("<I", len(text)) + text + b"".join(arrays))


def _values(
    map: Map, scanned: Iterable[tuple[str, Scalar | None]]
) -> tuple[list[Scalar | None], NDArray[np.bool_], int]:
    """The value of each image of the map, which of them the index has, and how many others the index has."""
    values: list[Scalar | None] = [None] * len(map)
    is_there = np.zeros(len(map), bool)
    new = 0
    for some in batched(((id, value) for id, value in scanned if is_id(id)), IDS_AT_ONCE):
        rows = map.rows_of([id for id, _ in some])
        new += int((rows < 0).sum())
        is_there[rows[rows >= 0]] = True
        for row, (_, value) in zip(rows.tolist(), some, strict=True):
            if row >= 0:
                values[row] = value
    return values, is_there, new


def _clusters(map: Map, found: Coded) -> list[dict[str, Any]]:
    """Each with its number, its middle, how many images it has, and the commonest values of these."""
    clusters = []
    for number in np.unique(map.clusters[map.clusters != NO_CLUSTER]):
        rows = (map.clusters == number) & (found.codes != GONE)
        if rows.any():
            counts = np.bincount(found.codes[rows], minlength=len(found.values))[: len(found.values)]
            common = [code for code in np.argsort(-counts, kind="stable")[:VALUES_OF_CLUSTER] if counts[code]]
            x, y = np.median(map.places[rows], axis=0).tolist()
            values = [{"value": found.values[code][0], "documents": int(counts[code])} for code in common]
            clusters.append({"number": int(number), "x": x, "y": y, "images": int(rows.sum()), "values": values})
    return clusters

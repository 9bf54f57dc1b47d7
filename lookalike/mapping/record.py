"""The map of one version of an index, as arrays and as bytes."""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: float32 [N, 2], each from 0 to 1.
Places: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.uint8]
Clusters: TypeAlias = NDArray[np.uint16]

#: Of an image that belongs to no cluster.
NO_CLUSTER = 65535
#: Bytes of an id, which is the SHA-1 of a uri in hexadecimal.
ID_BYTES = 20
#: Of what `encode` writes.
FORM = 1
_ID = re.compile(f"[0-9a-f]{{{2 * ID_BYTES}}}")


@dataclass(frozen=True, eq=False)
class Map:
    """Row by row, in the order of the ids: `ids` uint8 [N, 20], `places` [N, 2], `clusters` uint16 [N] with the number
    of a cluster or NO_CLUSTER.

    `fingerprint` is that of the model, `made_at` a UTC time in ISO 8601, `sample` the number of images that were laid
    out together; the others were placed by their neighbours among them.
    """

    fingerprint: str
    made_at: str
    sample: int
    ids: Ids
    places: Places
    clusters: Clusters

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The row of each of these ids (see `is_id`), or -1 if it is not on the map."""
        asked = ids_of(texts)
        rows = np.searchsorted(self._beginnings, _beginnings(asked)).astype(np.int64)
        inside = np.flatnonzero(rows < len(self))
        found = inside[(self.ids[rows[inside]] == asked[inside]).all(axis=1)]
        numbers = np.full(len(texts), -1, np.int64)
        numbers[found] = rows[found]
        return numbers

    @cached_property
    def _beginnings(self) -> NDArray[np.uint64]:
        return _beginnings(self.ids)

    def texts(self) -> list[str]:
        """The ids as an index has them."""
        text = self.ids.tobytes().hex()
        return [text[start : start + 2 * ID_BYTES] for start in range(0, len(text), 2 * ID_BYTES)]


def is_id(text: str) -> bool:
    """Whether this is an id as lookalike makes them: an index on a server may hold documents of others."""
    return _ID.fullmatch(text) is not None


def _beginnings(ids: Ids) -> NDArray[np.uint64]:
    """The first 8 bytes as numbers, in the same order. Of all images in the world, no two have the same."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8").ravel().astype(np.uint64)


def ids_of(texts: Sequence[str]) -> Ids:
    """The ids as bytes, uint8 [N, 20]."""
    return np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(-1, ID_BYTES)


def encode(map: Map) -> bytes:
    """The map as a NumPy archive, which is read without running code."""
    file = io.BytesIO()
    head = {"form": FORM, "fingerprint": map.fingerprint, "made_at": map.made_at, "sample": map.sample}
    as_bytes = np.frombuffer(json.dumps(head).encode(), np.uint8)
    np.savez(file, head=as_bytes, ids=map.ids, places=map.places, clusters=map.clusters)
    return file.getvalue()


def decode(data: bytes) -> Map | None:
    """The map; None for bytes that are none, such as those of another release."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            found = Map(
                str(head["fingerprint"]),
                str(head["made_at"]),
                int(head["sample"]),
                *(arrays[name] for name in ("ids", "places", "clusters")),
            )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile):
        return None
    return found if head.get("form") == FORM and _is_whole(found) else None


def _is_whole(map: Map) -> bool:
    count = len(map.ids)
    shapes = (map.ids.shape, map.places.shape, map.clusters.shape) == ((count, ID_BYTES), (count, 2), (count,))
    types = [str(array.dtype) for array in (map.ids, map.places, map.clusters)] == ["uint8", "float32", "uint16"]
    return shapes and types and bool(np.isfinite(map.places).all())


def scaled(points: NDArray[np.float64]) -> Places:
    """The points moved and scaled so that they fill a square from 0 to 1, in their own proportions, [N, 2]."""
    least, greatest = points.min(axis=0), points.max(axis=0)
    side = float((greatest - least).max()) or 1.0
    places: Places = ((points - (least + greatest) / 2) / side + 0.5).clip(0, 1).astype(np.float32)
    return places

"""A random order of ids, another one for each seed."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

#: Characters of an id that decide its place: 64 bits of a checksum.
ID_CHARACTERS = 16
#: 2^64 divided by the golden ratio: the step from seed to seed.
GOLDEN = 0x9E3779B97F4A7C15


def first_ids(batches: Iterable[Any], seed: int, after: int, limit: int) -> dict[str, int]:
    """The first ids behind the key `after`, with their keys, in their order. Keeps `limit` of them in memory."""
    first = pa.table({"key": pa.array([], pa.int64()), "id": pa.array([], pa.string())})
    for ids in batches:
        keys = keys_of(ids, seed)
        chosen = np.flatnonzero(keys > after)
        more = pa.table({"key": keys[chosen], "id": ids.take(pa.array(chosen))})
        all = pa.concat_tables([first, more])
        first = all.take(compute.select_k_unstable(all, k=limit, sort_keys=[("key", "ascending")]))
    return dict(zip(first["id"].to_pylist(), first["key"].to_pylist(), strict=True))


def keys_of(ids: Any, seed: int) -> NDArray[np.int64]:
    """For each id a number from 0 to 2^63, another one for each seed: a hash by the finalizer of SplitMix64 (Steele and
    others, 2014)."""
    if not len(ids):
        return np.empty(0, np.int64)
    text = compute.binary_slice(compute.ascii_rpad(ids, ID_CHARACTERS, "0").cast(pa.binary()), 0, ID_CHARACTERS)
    words = np.frombuffer(text.buffers()[2], "<u8", 2 * len(text)).reshape(-1, 2)
    hashed = _mixed(words[:, 0] + np.uint64(seed * GOLDEN % 2**64))
    keys: NDArray[np.int64] = (_mixed(hashed ^ words[:, 1]) >> np.uint64(1)).astype(np.int64)
    return keys


def _mixed(words: Any) -> Any:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))

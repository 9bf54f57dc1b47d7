"""A random order of ids: the same for the same seed, and no other order in disguise."""

import numpy as np
import pyarrow as pa

from lookalike.index.lancedb.shuffle import first_ids, keys_of
from lookalike.records import document_id

IDS = [document_id(f"/{number}.jpg") for number in range(5000)]
ARRAY = pa.array(IDS, pa.string())


def batches(size: int) -> list[object]:
    return [ARRAY.slice(start, size) for start in range(0, len(IDS), size)]


def test_an_id_has_the_same_key_wherever_it_stands() -> None:
    keys = keys_of(ARRAY, 7)
    parts = [keys_of(batch, 7) for batch in batches(333)]
    assert np.array_equal(keys, np.concatenate(parts)) and keys.dtype == np.int64
    assert keys.min() >= 0 and len(np.unique(keys)) == len(IDS)
    assert len(keys_of(ARRAY.slice(0, 0), 7)) == 0


def test_the_keys_of_ids_and_of_seeds_do_not_depend_on_one_another() -> None:
    unit = [keys_of(ARRAY, seed) / 2**63 for seed in (0, 1, 2**31 - 1)]
    for keys in unit:
        assert np.histogram(keys, 10, (0, 1))[0].min() > 0.8 * len(IDS) / 10
    assert np.abs(np.corrcoef([*unit, np.arange(len(IDS))]) - np.eye(4)).max() < 0.1


def test_pages_lead_through_all_ids_whatever_the_batches_are() -> None:
    whole = list(first_ids(batches(5000), 3, -1, len(IDS)))
    assert sorted(whole) == sorted(IDS)
    found: list[str] = []
    after = -1
    while page := first_ids(batches(700), 3, after, 900):
        found += page
        after = list(page.values())[-1]
    assert found == whole


def test_short_ids_have_keys_as_well() -> None:
    keys = keys_of(pa.array(["a", "", "ab", "0" * 100, "0"]), 1)
    assert len(np.unique(keys)) == 3

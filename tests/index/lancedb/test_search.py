"""Searches of a LanceDB table: all threads share one open table."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lookalike.index import Index, open_index
from tests.index.documents import COSINE, clustered_vectors, document

THREADS = 4


def test_searches_of_several_threads_see_every_earlier_write(index: Index) -> None:
    vectors = clustered_vectors(4)
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(len(vectors)):
            index.write([document(f"/{number}", vectors[number])])
            asked = list(range(number + 1)) * THREADS
            found = pool.map(lambda each: index.search(vectors[each], 1), asked)
            assert [match.uri for (match,) in found] == [f"/{each}" for each in asked]


@pytest.mark.parametrize("exact", [False, True])
def test_a_folder_in_the_place_of_a_removed_one_is_searched(index: Index, folder: Path, *, exact: bool) -> None:
    """Its table begins with a lower version than the one that was open."""
    for number in range(3):
        index.write([document(f"/old/{number}", clustered_vectors(1)[0])])
    index.search(clustered_vectors(1)[0], 1)
    shutil.rmtree(folder)
    other = open_index(f"lancedb://{folder}", "images")
    other.ensure(COSINE)
    other.write([document("/new", clustered_vectors(1)[0])])
    assert [match.uri for match in index.search(clustered_vectors(1)[0], 10, exact=exact)] == ["/new"]

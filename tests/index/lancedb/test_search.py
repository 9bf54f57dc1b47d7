"""Searches of a LanceDB table: all threads share one open table."""

from concurrent.futures import ThreadPoolExecutor

from lookalike.index import Index
from tests.index.documents import clustered_vectors, document

THREADS = 4


def test_searches_of_several_threads_see_every_earlier_write(index: Index) -> None:
    vectors = clustered_vectors(4)
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(len(vectors)):
            index.write([document(f"/{number}", vectors[number])])
            asked = list(range(number + 1)) * THREADS
            found = pool.map(lambda each: index.search(vectors[each], 1), asked)
            assert [match.uri for (match,) in found] == [f"/{each}" for each in asked]

"""The map of an index: made, kept with its version, and extended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import PermanentError
from lookalike.fitting.progress import Advance
from lookalike.index import Index, open_index
from lookalike.mapping.making import add_to, make_map
from lookalike.records import document_id
from tests.index.documents import COSINE, clustered_vectors, document, write

COUNT, CLUSTERS = 300, 5


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(f"lancedb://{tmp_path}/index", "images")
    opened.ensure(COSINE)
    yield opened
    opened.close()


def fill(index: Index, numbers: range) -> None:
    """The documents with these numbers, of COUNT."""
    vectors = clustered_vectors(COUNT, CLUSTERS)
    write(index, [document(f"/{number}.jpg", vectors[number]) for number in numbers])


def test_all_images_are_on_the_map_and_those_beside_the_sample_near_their_like(index: Index) -> None:
    fill(index, range(COUNT))
    done: dict[str, int] = {}

    @contextmanager
    def progress(verb: str, total: int) -> Iterator[Advance]:
        done[verb] = -total

        def advance(count: int) -> None:
            done[verb] += count

        yield advance

    made = make_map(index, size=200, progress=progress)
    assert made.texts() == sorted(document_id(f"/{number}.jpg") for number in range(COUNT))
    assert made.sample == 200 and made.fingerprint == COSINE.fingerprint
    assert done == {"read": 0, "lay out": 0, "place": 0}
    vectors = dict(zip(made.texts(), made.places, strict=True))
    for number in range(0, COUNT, 20):
        like = [match.id for match in index.search(clustered_vectors(COUNT, CLUSTERS)[number], 6)[1:]]
        unlike = index.search(-clustered_vectors(COUNT, CLUSTERS)[number], 5)
        mine = vectors[document_id(f"/{number}.jpg")]
        near = np.median([np.linalg.norm(vectors[id] - mine) for id in like])
        assert near < np.median([np.linalg.norm(vectors[match.id] - mine) for match in unlike])


def test_later_images_are_added_and_deleted_ones_removed_while_the_others_stay(index: Index) -> None:
    fill(index, range(200))
    before = make_map(index)
    index.delete([document_id(f"/{number}.jpg") for number in range(10)])
    fill(index, range(200, COUNT))
    after = add_to(index, before)
    assert after.texts() == sorted(document_id(f"/{number}.jpg") for number in range(10, COUNT))
    assert (after.made_at, after.sample) == (before.made_at, before.sample)
    former = dict(zip(before.texts(), before.places.tolist(), strict=True))
    now = dict(zip(after.texts(), after.places.tolist(), strict=True))
    assert all(now[id] == place for id, place in former.items() if id in now)
    again = add_to(index, after)
    np.testing.assert_array_equal(again.places, after.places)


def test_an_index_without_images_has_no_map(index: Index) -> None:
    with pytest.raises(PermanentError, match="has no images"):
        make_map(index)


def test_a_map_of_which_nothing_is_left_is_not_added_to(index: Index) -> None:
    fill(index, range(20))
    made = make_map(index)
    other = replace(made, ids=~made.ids)
    with pytest.raises(PermanentError, match="is in the index any more"):
        add_to(index, other)

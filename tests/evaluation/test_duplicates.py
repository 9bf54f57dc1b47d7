"""Both indexes find the planted copies and nothing else."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from lookalike.filters import conditions
from lookalike.index import Index, open_index
from lookalike.records import Document, Vector
from lookalike_evaluation import duplicates
from lookalike_evaluation.duplicates import Finder, Group
from lookalike_evaluation.duplicates_page import render
from tests.index.documents import COSINE, DIMENSION, document

RANDOM = np.random.default_rng(1)


def unique(uri: str, vector: Vector) -> Document:
    return replace(document(uri, vector), content_sha256=f"{abs(hash(uri)):064x}")


def direction() -> Vector:
    vector = RANDOM.normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def index(location: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Forty distinct images, three with the same bytes, and twelve near one another: more than the first search
    requests."""
    monkeypatch.setattr(duplicates, "BATCH", 7)
    opened = open_index(location, "images")
    opened.ensure(COSINE)
    documents = [unique(f"/other/{number}", direction()) for number in range(40)]
    same = direction()
    documents += [replace(unique(f"/same/{number}", same), content_sha256="5" * 64) for number in range(3)]
    near = direction()
    documents += [unique(f"/near/{number:02d}", near + 0.002 * direction()) for number in range(12)]
    documents = [replace(each, metadata={"number": int(each.uri[-1])}) for each in documents]
    opened.write(documents)
    opened.refresh()
    yield opened
    opened.close()


def found(index: Index, threshold: float | None, filters: Sequence[str] = (), images: int = 55) -> list[Group]:
    finder = Finder(index, threshold, conditions(filters))
    with ThreadPoolExecutor(2) as pool:
        for batch in finder.batches():
            finder.look(batch, pool)
    assert finder.images == images
    return finder.groups()


def test_planted_copies_are_found_and_nothing_else(index: Index) -> None:
    near, same = found(index, 0.98)
    assert [member.uri for member in near.members] == [f"/near/{number:02d}" for number in range(12)]
    assert not near.is_identical and 0.98 <= near.score < 1.0
    assert [member.uri for member in same.members] == ["/same/0", "/same/1", "/same/2"]
    assert same.is_identical


def test_without_a_threshold_only_identical_images_are_found(index: Index) -> None:
    assert [len(group.members) for group in found(index, None)] == [3]


def test_only_images_that_meet_the_filters_are_compared(index: Index) -> None:
    near, same = found(index, 0.98, ["number<2"], images=8 + 2 + 4)
    assert [member.uri for member in near.members] == [f"/near/{number}" for number in ("00", "01", "10", "11")]
    assert [member.uri for member in same.members] == ["/same/0", "/same/1"]
    assert found(index, 0.98, ["number=5"], images=4 + 1) == []


def test_the_page_shows_a_group_and_escapes_its_names() -> None:
    member = duplicates.Member("1", "/<script>", None, "a")
    html = render("images", 2, [Group((member, member), True, 1.0)], lambda uri: None)
    assert "<script>" not in html and html.count("&lt;script&gt;") == 2

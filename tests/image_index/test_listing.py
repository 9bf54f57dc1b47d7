"""Images are listed from Python, in pages that the caller does not see."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lookalike
from lookalike import ImageIndex
from lookalike.errors import BadFilter, BadQuery, BadSetting, Closed, IndexConflict, IndexMissing
from lookalike.index import Index, open_index, open_versions
from lookalike.queries import listing
from tests.index.documents import COSINE, document, documents, unit, write

COUNT = 23


@pytest.fixture
def location(tmp_path: Path) -> str:
    return f"lancedb://{tmp_path}/index"


@pytest.fixture
def index(location: str) -> Iterator[Index]:
    with closing(open_index(location, "images")) as opened:
        opened.ensure(COSINE)
        write(opened, documents(COUNT))
        yield opened


@pytest.fixture
def images(index: Index, location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageIndex]:
    """A handle that reads pages of five."""
    monkeypatch.setattr(listing, "MOST_LISTED", 5)
    with lookalike.open("images", home=tmp_path / "home", index_url=location) as opened:
        yield opened


def test_all_pages_are_one_list(images: ImageIndex) -> None:
    every = [image.uri for image in images.list("uri")]
    assert every == sorted(f"/photos/{number}.jpg" for number in range(COUNT))
    assert [image.uri for image in images.list("-uri")] == every[::-1]
    for limit in (1, 5, 7, COUNT, 99):
        assert [image.uri for image in images.list("uri", limit=limit)] == every[:limit]
    odd = [*images.list("random", seed=3, filters={"label": "odd"})]
    assert len(odd) == COUNT // 2 and odd == [*images.list("random", seed=3, filters=["label=odd"])]
    assert [*images.list(filters={"label": "nothing"})] == []


def test_images_that_come_and_go_meanwhile_move_no_other_one(images: ImageIndex, index: Index) -> None:
    before = [image.uri for image in images.list("uri")]
    seen = []
    for image in images.list("uri"):
        seen.append(image.uri)
        index.delete([image.id])
        write(index, [document(f"/earlier/{len(seen)}.jpg", unit(0))])
    assert seen == before


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"sort": "score"}, BadQuery),
        ({"sort": ""}, BadSetting),
        ({"sort": 5}, BadSetting),
        ({"sort": "nothing"}, BadFilter),
        ({"limit": 0}, BadSetting),
        ({"limit": 1.5}, BadSetting),
        ({"seed": -1}, BadSetting),
        ({"seed": 2**31}, BadSetting),
        ({"filters": ["taken>=soon"]}, BadFilter),
        ({"filters": "label=odd"}, BadFilter),
    ],
)
def test_what_cannot_be_listed_is_refused(
    images: ImageIndex, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        next(images.list(**arguments))


def test_a_list_ends_when_its_handle_is_closed_or_the_index_moves(
    images: ImageIndex, location: str, tmp_path: Path
) -> None:
    with closing(open_versions(location, "images")) as versions:
        begun = images.list()
        next(begun)
        versions.move(versions.create(COSINE))
        with pytest.raises(IndexConflict, match=r"from images-v1 to images-v2"):
            list(begun)
    assert [*images.list()] == []
    with lookalike.open("nothing", home=tmp_path / "home", index_url=location) as other, pytest.raises(IndexMissing):
        next(other.list())
    images.close()
    with pytest.raises(Closed):
        images.list()

"""Which pictures are measured, and how they are dealt out."""

import random
from pathlib import Path

import pytest
from lookalike_cli.speed.sample import draw, even, examine

from lookalike.errors import SourceMissing
from lookalike.records import ImageRef
from lookalike.settings import read_settings

REFERENCES = [ImageRef(f"/pictures/{number}.jpg") for number in range(1000)]


def test_the_same_pictures_are_drawn_in_whatever_order_they_come() -> None:
    drawn = draw(REFERENCES, 50)
    shuffled = random.Random(1).sample(REFERENCES, len(REFERENCES))
    assert len(drawn) == 50 and draw(shuffled, 50) == drawn
    places = [REFERENCES.index(reference) for reference in drawn]
    assert min(places) < 250 and max(places) > 750


def test_a_picture_that_comes_twice_is_drawn_once() -> None:
    assert draw([*REFERENCES[:3], *REFERENCES[:3]], 100) == draw(REFERENCES[:3], 100)


@pytest.mark.parametrize(
    ("count", "dealt"),
    [(512, (512, 64)), (600, (512, 64)), (128, (128, 64)), (100, (100, 50)), (9, (8, 4)), (1, (1, 1))],
)
def test_every_process_gets_as_many_pictures(count: int, dealt: tuple[int, int]) -> None:
    assert even(count, processes=2, chunk_size=64) == dealt


def test_what_is_no_picture_is_counted_and_said(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    settings = read_settings(home=tmp_path)
    with pytest.raises(SourceMissing, match=r"1 unsupported, 1 not_found"):
        examine(settings, [ImageRef(str(tmp_path / "text.jpg")), ImageRef(str(tmp_path / "gone.jpg"))], size=224)

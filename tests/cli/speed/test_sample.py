"""The choice of images, and how they are divided among processes."""

import random
from pathlib import Path

import pytest

from lookalike.errors import SourceMissing
from lookalike.records import ImageRef
from lookalike.settings import read_settings
from lookalike_cli.speed.sample import draw, even, examine

REFERENCES = [ImageRef(f"/images/{number}.jpg") for number in range(1000)]


def test_the_choice_does_not_depend_on_the_order() -> None:
    drawn = draw(REFERENCES, 50)
    shuffled = random.Random(1).sample(REFERENCES, len(REFERENCES))
    assert len(drawn) == 50 and draw(shuffled, 50) == drawn
    positions = [REFERENCES.index(reference) for reference in drawn]
    assert min(positions) < 250 and max(positions) > 750


def test_a_repeated_image_is_chosen_once() -> None:
    assert draw([*REFERENCES[:3], *REFERENCES[:3]], 100) == draw(REFERENCES[:3], 100)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(512, (512, 64)), (600, (512, 64)), (128, (128, 64)), (100, (100, 50)), (9, (8, 4)), (1, (1, 1))],
)
def test_every_process_gets_the_same_number_of_images(count: int, expected: tuple[int, int]) -> None:
    assert even(count, processes=2, chunk_size=64) == expected


def test_invalid_images_are_counted_by_reason(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not an image")
    settings = read_settings(home=tmp_path)
    with pytest.raises(SourceMissing, match=r"1 unsupported, 1 not_found"):
        examine(settings, [ImageRef(str(tmp_path / "text.jpg")), ImageRef(str(tmp_path / "gone.jpg"))], size=224)

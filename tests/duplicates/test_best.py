"""Which image of a group is proposed to be kept, and why."""

from dataclasses import dataclass

import pytest

from lookalike.duplicates.best import best


@dataclass(frozen=True)
class Image:
    uri: str
    width: int = 100
    height: int = 100
    size_bytes: int | None = 1000
    modified_at: str | None = "2020-01-01T00:00:00+00:00"


LARGE = Image("/large/far/away", 200, 200)
PLAIN = Image("/plain")


@pytest.mark.parametrize(
    ("images", "kept", "why"),
    [
        ([PLAIN, LARGE], LARGE, "pixels"),
        ([PLAIN, Image("/p/larger-file", size_bytes=2000)], Image("/p/larger-file", size_bytes=2000), "bytes"),
        # What is not known of all tells nothing.
        (
            [Image("/p/largest", size_bytes=2000), Image("/unknown", size_bytes=None)],
            Image("/unknown", size_bytes=None),
            "path",
        ),
        (
            [PLAIN, Image("/p/older", modified_at="2019-01-01T00:00:00+00:00")],
            Image("/p/older", modified_at="2019-01-01T00:00:00+00:00"),
            "oldest",
        ),
        ([Image("/plain/dated"), Image("/no-date", modified_at=None)], Image("/no-date", modified_at=None), "path"),
        ([Image("/small", size_bytes=1), PLAIN, Image("/p/no-date", modified_at=None)], PLAIN, "path"),
        (
            [Image("/s", 9, 9, None), Image("/p/larger", size_bytes=2000), PLAIN],
            Image("/p/larger", size_bytes=2000),
            "bytes",
        ),
        ([Image("/plain/copy"), PLAIN], PLAIN, "path"),
        ([Image("/b"), Image("/a")], Image("/a"), "path"),
        ([LARGE, Image("/l", 200, 200, 5000), PLAIN], Image("/l", 200, 200, 5000), "bytes"),
        ([PLAIN], PLAIN, "path"),
    ],
)
def test_the_best_image_is_proposed(images: list[Image], kept: Image, why: str) -> None:
    assert best(images) == (kept, why) == best(images[::-1])

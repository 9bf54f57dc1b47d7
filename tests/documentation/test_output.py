"""What a page shows is compared with what is printed: other times are the same, other results are not."""

from pathlib import Path

import pytest

from documentation.snippets.output import differences
from documentation.snippets.stage import Stage

STAGE = Stage(Path("/tmp/some/home"), Path("/tmp/some/home"), 4711)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("3 found  in 4.2 s (46 images/s), job 20261123-220349-04844d", "3 found  in 9 s (1 images/s), job 20261127-0"),
        ("0.6987  rings  /home/ada/a.jpg", "0.6827   rings   /tmp/some/home/a.jpg"),
        ("http://127.0.0.1:8000/ (page)", "http://127.0.0.1:4711/ (page)"),
        ("first\n...\nlast", "first\nsecond\nthird\nlast"),
        ("model (..., 3-d)", "model (5e009886c734a1ef, 3-d)"),
        ("done", "0 of 9 images, 0 images/s, 0 rejected\ndone"),
        ("centre  /a.jpg\nnear 0.999  /b.jpg", "near 0.999  /a.jpg\ncentre  /b.jpg"),
    ],
)
def test_what_differs_from_run_to_run_is_the_same(shown: str, printed: str) -> None:
    assert differences(shown, printed.replace("20261127-0", "20261127-010203-abcdef"), STAGE) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("3 found", "4 found"),
        ("0.6987  rings", "0.6487  rings"),
        ("first\n...\nlast", "first\nsecond"),
        ("", "a line"),
        ("a line", ""),
    ],
)
def test_another_result_is_a_difference(shown: str, printed: str) -> None:
    assert differences(shown, printed, STAGE) != ""

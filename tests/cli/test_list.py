"""`lookalike list` on an index with typed metadata."""

import json
import os

import pytest

from lookalike.records import ImageRef
from lookalike.settings import Settings
from tests.browser.stage import LABELS, PER_CLASS
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def environment(lance: Settings) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(lance.home)}


def test_images_are_lines_of_json(environment: dict[str, str], stored: list[ImageRef]) -> None:
    done = lookalike(environment, "list", "--sort", "-number", "--json")
    images = [json.loads(line) for line in done.stdout.splitlines()]
    assert {image["id"]: image["uri"] for image in images} == {ref.id: ref.uri for ref in stored} and not done.stderr
    numbers = [image["metadata"]["number"] for image in images]
    assert numbers == sorted(numbers, reverse=True)
    asked = ("list", "--filter", f"label={LABELS[1]}", "--sort", "random", "--seed", 4, "--json")
    assert len(lookalike(environment, *asked, "--limit", 2).stdout.splitlines()) == 2
    assert len(lookalike(environment, *asked).stdout.splitlines()) == PER_CLASS


def test_images_are_a_table_that_shows_their_order(environment: dict[str, str], stored: list[ImageRef]) -> None:
    done = lookalike(environment, "list", "--sort", "number", "-n", 3)
    heading, *rows = done.stdout.splitlines()
    numbers = [int(row.split()[0]) for row in rows]
    assert heading.split() == ["number", "label", "image"] and numbers == sorted(numbers) and len(numbers) == 3
    assert "No image has" not in done.stderr
    assert f"3 of {len(stored)} images shown: --limit shows more" in done.stderr
    assert lookalike(environment, "list").stdout.split()[:3] == ["added", "label", "image"]
    undated = lookalike(environment, "list", "--sort", "taken")
    assert undated.stdout.split()[:3] == ["taken", "label", "image"]
    assert "No image has the date when it was taken, so they are in no particular order." in undated.stderr
    none = lookalike(environment, "list", "--filter", "taken>=2024-01-01")
    assert none.stdout == "No image meets the filters.\n" and not none.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--sort", "nubmer"), 2, "Did you mean number?"),
        (("--sort", "score"), 2, "no order of a list"),
        (("--sort", "tags"), 2, "tags has several values"),
        (("--filter", "taken>=soon"), 2, "taken is a date"),
        (("--filter", "number"), 2, "is no filter"),
        (("--limit", 0), 2, "--limit"),
        (("--seed", -1), 2, "--seed"),
        (("--index", "nothing"), 1, "nothing"),
    ],
)
def test_what_cannot_be_listed_is_one_sentence(
    environment: dict[str, str], arguments: tuple[object, ...], code: int, words: str
) -> None:
    for more in ((), ("--json",)):
        done = lookalike(environment, "list", *arguments, *more, code=code)
        assert words in " ".join(done.stderr.split()) and not done.stdout and done.stderr.count("\n") <= 2

"""`lookalike facets` on an index with typed metadata."""

import os

import pytest

from lookalike.records import ImageRef
from lookalike.settings import Settings
from testing.processes import answer
from tests.browser.stage import LABELS, PER_CLASS
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def environment(lance: Settings) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(lance.home)}


def test_the_images_are_counted_by_label_and_metadata(environment: dict[str, str], stored: list[ImageRef]) -> None:
    lines = lookalike(environment, "facets").stdout.splitlines()
    assert lines[0] == f"{len(stored)} images."
    rows = [line.split() for line in lines if line]
    for label in LABELS:
        assert [label, str(PER_CLASS)] in rows
    assert (
        ["number", "images"] in rows and ["all", str(len(stored))] in rows and {"true", "false"} <= {r[0] for r in rows}
    )


def test_some_fields_of_the_images_that_meet_a_filter(environment: dict[str, str]) -> None:
    asked = ("facets", "label", "number", "--filter", "number<10", "--ranges", 3)
    found = answer(lookalike(environment, *asked, "--json"))
    assert [facet["field"] for facet in found["facets"]] == ["label", "number"]
    assert sum(item["documents"] for item in found["facets"][1]["ranges"]) == found["images"] <= 10
    assert sum(item["documents"] for item in found["facets"][0]["values"]) == found["images"]
    assert lookalike(environment, *asked).stdout.startswith(f"{found['images']} images that meet the filters.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nubmer",), 2, "Did you mean number?"),
        (("--filter", "nubmer=1"), 2, "Did you mean number?"),
        (("--filter", "number"), 2, "is no filter"),
        (("--limit", 0), 2, "--limit"),
        (("--ranges", 1), 2, "--ranges"),
        (("",), 2, "An empty text is not a field"),
    ],
)
def test_what_cannot_be_counted_is_one_sentence(
    environment: dict[str, str], arguments: tuple[object, ...], code: int, words: str
) -> None:
    done = lookalike(environment, "facets", *arguments, code=code)
    assert words in " ".join(done.stderr.split()) and not done.stdout and done.stderr.count("\n") <= 2

"""`--filter` of the commands that have it, on an index with typed metadata."""

import os
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from lookalike.records import ImageRef
from lookalike.settings import Settings
from testing.processes import answer
from tests.cli.inprocess import lookalike


@pytest.fixture(scope="module")
def environment(lance: Settings) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(lance.home)}


def test_a_search_is_filtered_and_answers_with_types(environment: dict[str, str], stored: list[ImageRef]) -> None:
    asked = ("search", "--uri", stored[0].uri, "-k", 24, "--json")
    filters = ("--filter", "number>=4", "--filter", "number<10", "--filter", "tags=t1,t2", "--filter", "folder exists")
    found = [match["metadata"] for match in answer(lookalike(environment, *asked, *filters))["matches"]]
    assert found and {type(metadata["number"]) for metadata in found} == {int}
    assert all(4 <= metadata["number"] < 10 and metadata["number"] % 3 for metadata in found)
    assert all(metadata["is_even"] is (metadata["number"] % 2 == 0) for metadata in found)


def test_a_search_that_finds_nothing_repeats_the_filters(environment: dict[str, str], stored: list[ImageRef]) -> None:
    done = lookalike(environment, "search", "--uri", stored[0].uri, "--filter", "number>=99", "--filter", "tags!=x")
    assert done.stdout == "No matches: no other stored image has number>=99 and tags!=x.\n"


@pytest.mark.parametrize(
    ("filter", "code", "words"),
    [
        ("nubmer=1", 2, ["'nubmer'", "Did you mean number?", "label, uri, folder, is_even, tags"]),
        ("number>=many", 2, ["number is an integer", "'many'"]),
        ("is_even>=1", 2, ["is_even is a boolean"]),
        ("\x1b[31m=1", 2, ["\\x1b"]),
        ("number", 2, ["year>=2020"]),
        ("number>=1,2", 2, ["2 values"]),
    ],
)
def test_a_filter_that_cannot_be_meant_is_one_sentence(
    environment: dict[str, str], stored: list[ImageRef], tmp_path: Path, filter: str, code: int, words: list[str]
) -> None:
    file = tmp_path / "some.parquet"
    for asked in (("search", "--uri", stored[0].uri), ("index", "export", file), ("duplicates",)):
        done = lookalike(environment, *asked, "--filter", filter, code=code)
        said = " ".join(done.stderr.split())
        assert [word for word in words if word not in said] == [] and "\x1b" not in done.stderr and not done.stdout
    assert not file.exists()


def test_only_images_that_meet_the_filters_are_exported(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "some.parquet"
    done = lookalike(environment, "index", "export", file, "--filter", "number<5", "--filter", "is_even=true", "--json")
    numbers = {row["metadata_number"] for row in parquet.read_table(file).to_pylist()}
    assert numbers <= {0, 2, 4} and answer(done)["images"] == len(numbers) >= 2


def test_only_images_that_meet_the_filters_are_compared(environment: dict[str, str]) -> None:
    found = answer(lookalike(environment, "duplicates", "--filter", "number<5", "--filter", "is_even=true", "--json"))
    assert 2 <= found["images"] <= 3 and found["groups"] == []

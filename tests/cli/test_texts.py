"""Texts from the command line and from Python, with a pair of encoders."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lookalike
from lookalike import Image, Stored, Text
from lookalike.errors import BadQuery, BadSetting
from lookalike.records import ImageRef
from lookalike.settings import Settings, read_settings
from testing.processes import answer
from tests.browser.stage import LABELS, fill
from tests.cli.inprocess import lookalike as run

RINGS = "a picture of rings"


@pytest.fixture(scope="module")
def filled(text_home: Path, text_pair: Path, broker_url: str, drawn: tuple[Path, Path]) -> Settings:
    """An index that holds vectors of the pair."""
    settings = read_settings(home=text_home, model=str(text_pair), broker_url=broker_url, roots=(drawn[0],))
    fill(settings, broker_url, drawn[0])
    return settings


@pytest.fixture(scope="module")
def environment(filled: Settings) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(filled.home)}


@pytest.fixture
def images(filled: Settings) -> Iterator[lookalike.ImageIndex]:
    with lookalike.open(home=filled.home) as opened:
        yield opened


def found(environment: dict[str, str], *arguments: object) -> list[dict[str, Any]]:
    matches: list[dict[str, Any]] = answer(run(environment, "search", *arguments, "--json"))["matches"]
    return matches


def test_a_text_is_searched_with_the_text_side_of_the_index(environment: dict[str, str]) -> None:
    matches = found(environment, "--text", RINGS, "-k", 2)
    assert {match["name"] for match in matches} == {"rings"}
    assert "rings" in run(environment, "search", "--text", RINGS).stdout


def test_texts_add_to_images_and_take_away(environment: dict[str, str], drawn: tuple[Path, Path]) -> None:
    image = next((drawn[1] / LABELS[0]).iterdir())
    assert found(environment, image)[0]["name"] == LABELS[0]
    assert found(environment, image, "--text", "rings", "--text", "rings", "--text", "rings")[0]["name"] == "rings"
    least = found(environment, image, "--not-text", "rings", "-k", 100)[-1]
    assert least["name"] == "rings"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "one of IMAGE, --id and --uri, or --text"),
        (["--not-text", "rings"], 2, "one of IMAGE, --id and --uri, or --text"),
        (["--text", "rings", "--crop", "0,0,5,5"], 2, "--crop is a part of IMAGE"),
        (["--text", ""], 2, "An empty text"),
        (["--text", "x" * 100_000], 2, "100,000 characters is too long"),
        (["--text", "rings", "--not-text", "rings"], 2, "cancel each other out"),
        (["--text", "rings", "--text-model", "gone.onnx"], 2, "There is no tokenizer to gone.onnx"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    environment: dict[str, str], arguments: list[str], code: int, said: str
) -> None:
    done = run(environment, "search", *arguments, code=code)
    assert said in " ".join(done.stderr.split()) and not done.stdout


def test_a_model_without_a_text_side_says_so(lance: Settings) -> None:
    done = run({**os.environ, "LOOKALIKE_HOME": str(lance.home)}, "search", "--text", "rings", code=2)
    assert "efficientnet-lite0 has no text side" in done.stderr


def test_a_pair_is_described(environment: dict[str, str], text_pair: Path) -> None:
    described = answer(run(environment, "model", "info", text_pair, "--json"))
    assert (described["name"], described["head"], described["size"]) == ("pair", "pooled", 224)
    assert described["text_model"] == str(text_pair / "text.xml")
    built = answer(run(environment, "model", "build", text_pair, "--json"))
    assert built["fingerprint"] == described["fingerprint"]


def test_python_takes_texts_as_examples(images: lookalike.ImageIndex, stored: list[ImageRef]) -> None:
    assert images.search(Text(RINGS), k=2)[0].name == "rings"
    mixed = images.search([Stored(stored[0].id), Text("rings", weight=3), -Text("citrus")], k=100)
    assert mixed[0].name == "rings" and len(mixed) == len(stored) - 1
    assert -Text("citrus") == Text("citrus", weight=-1)


def test_python_refuses_what_is_no_text(images: lookalike.ImageIndex, query: bytes) -> None:
    for text, said in (
        (5, "An int is not a text to search by"),
        ("", "An empty text"),
        ("\ud800", "not valid Unicode"),
    ):
        with pytest.raises(BadSetting, match=said):
            images.search(Text(text))  # type: ignore[arg-type]
    with pytest.raises(BadQuery, match="negative"):
        images.search(-Text("rings"))
    with pytest.raises(BadQuery, match="makes no vector"):
        images.search([Image(query), Text("zzz")])

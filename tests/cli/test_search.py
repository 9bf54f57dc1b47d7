"""`lookalike search` by several examples, and the arrangement of what it finds."""

import os
from pathlib import Path
from typing import Any

import pytest

from lookalike.records import ImageRef
from lookalike.settings import Settings
from testing.processes import answer
from tests.browser.stage import DISTINCT, PER_CLASS
from tests.cli.inprocess import lookalike

ALL = ("-k", 100)


@pytest.fixture(scope="module")
def environment(lance: Settings) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(lance.home)}


@pytest.fixture(scope="module")
def image(drawn: tuple[Path, Path]) -> Path:
    return next((drawn[1] / DISTINCT[0]).iterdir())


def found(environment: dict[str, str], *arguments: object) -> list[dict[str, Any]]:
    matches: list[dict[str, Any]] = answer(lookalike(environment, "search", *arguments, "--json"))["matches"]
    return matches


def ids(matches: list[dict[str, Any]]) -> list[str]:
    return [match["id"] for match in matches]


def test_stored_examples_are_added_taken_away_and_left_out(environment: dict[str, str], stored: list[ImageRef]) -> None:
    wanted, also, other = stored[0], stored[9], stored[17]
    asked = ("--id", wanted.id, "--and", also.id, *ALL)
    both = found(environment, *asked)
    without = found(environment, *asked, "--not", other.id)
    assert set(ids(both)) == {ref.id for ref in stored} - {wanted.id, also.id}
    assert set(ids(without)) == set(ids(both)) - {other.id}
    score = {match["id"]: match["score"] for match in both}
    neighbour = next(ref.id for ref in stored if ref.label == other.label and ref is not other)
    assert next(match["score"] for match in without if match["id"] == neighbour) < score[neighbour]
    # Twice the same example is one.
    alone = found(environment, "--id", wanted.id, *ALL)
    assert ids(found(environment, "--uri", wanted.uri, "--and", wanted.id, *ALL)) == ids(alone)


def test_examples_have_weights(
    environment: dict[str, str], stored: list[ImageRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stored[0].id, stored[9].id
    scores = {
        weight: {match["uri"]: match["score"] for match in found(environment, "--id", first, "--and", weight, *ALL)}
        for weight in (second, f"1:{second}", f"5:{second}")
    }
    assert scores[second] == pytest.approx(scores[f"1:{second}"], abs=1e-5)
    assert max(scores[f"5:{second}"].values()) != pytest.approx(max(scores[second].values()), abs=1e-5)
    # A file that is called so is that file.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2:a.jpg").write_bytes(b"no image")
    assert "a text, not an image" in lookalike(environment, "search", "--id", first, "--and", "2:a.jpg", code=1).stderr
    missing = lookalike(environment, "search", "--id", first, "--and", "2:b.jpg", code=1).stderr
    assert "b.jpg" in missing and "2:b.jpg" not in missing


def test_files_are_examples_and_may_be_cropped(
    environment: dict[str, str], image: Path, stored: list[ImageRef], drawn: tuple[Path, Path]
) -> None:
    other = next((drawn[1] / DISTINCT[1]).iterdir())
    plain = found(environment, image, *ALL)
    assert plain[0]["name"] == DISTINCT[0] and len(plain) == len(stored)
    both = found(environment, image, "--and", other, *ALL)
    assert {match["name"] for match in both[: 2 * PER_CLASS]} == set(DISTINCT)
    assert ids(found(environment, image, "--not", other, *ALL)) != ids(plain)
    whole = {match["id"]: match["score"] for match in found(environment, image, "--crop", "pct:0,0,100,100", *ALL)}
    assert whole == pytest.approx({match["id"]: match["score"] for match in plain}, abs=1e-3)
    part = found(environment, image, "--crop", "5,5,20,20", *ALL)
    assert [match["score"] for match in part] != [match["score"] for match in plain]
    cropped = found(environment, "--id", stored[5].id, "--crop", "0,0,30,30", *ALL)
    assert len(cropped) == len(stored) - 1


def test_matches_are_arranged_as_asked(environment: dict[str, str], stored: list[ImageRef]) -> None:
    asked = ("--id", stored[0].id)
    plain = found(environment, *asked, *ALL)
    least = (plain[3]["score"] + plain[4]["score"]) / 2
    assert ids(found(environment, *asked, *ALL, "--min-score", least)) == ids(plain)[:4]
    numbers = [match["metadata"]["number"] for match in found(environment, *asked, *ALL, "--sort", "-number")]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == len(plain)
    # Without a date, the order is that of the ids.
    assert ids(found(environment, *asked, *ALL, "--sort", "taken")) == sorted(ids(plain))
    best = found(environment, *asked, *ALL, "--group-by", "label")
    assert ids(best)[0] == ids(plain)[0] and len(best) == len({match["name"] for match in plain})
    spread = found(environment, *asked, "-k", 6, "--diversity", 1)
    assert len({match["name"] for match in spread}) > len({match["name"] for match in plain[:6]})
    assert ids(found(environment, *asked, *ALL, "--exact")) == ids(plain)


def test_the_answer_says_how_it_came_about(environment: dict[str, str], image: Path, stored: list[ImageRef]) -> None:
    said = answer(lookalike(environment, "search", image, "-k", 3, "--json"))
    assert said["model"] == "efficientnet-lite0" and 3 <= said["candidates"] <= len(stored)
    assert list(said["stages_ms"]) == ["decode", "embed", "search"]
    assert all(took > 0 for took in said["stages_ms"].values())
    # Each of them is rounded.
    assert sum(said["stages_ms"].values()) <= said["took_ms"] + 0.1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--id", "{0}", "--not", "{0}"], 2, "cancel each other out"),
        (["--id", "{0}", *["--and", "{0}"] * 32], 2, "1 to 32 examples, not 33"),
        (["--id", "{0}", "--and", "gone.jpg"], 1, "gone.jpg"),
        (["--id", "{0}", "--and", "0:{0}"], 2, "0 is no weight"),
        (["--id", "{0}", "--not", "1000:{0}"], 2, "-1000 is no weight"),
        (["--id", "{0}", "--and", "0" * 40], 1, "0" * 40),
        (["--id", "{0}", "--crop", "1,2,3"], 2, "'1,2,3' is no region"),
        (["--id", "{0}", "--crop", "1,2,3,0"], 2, "has no area"),
        (["--id", "{0}", "--crop", "99999,0,5,5"], 1, "lies outside the image"),
        (["--id", "{0}", "--sort", "-score"], 2, "least alike"),
        (["--id", "{0}", "--sort", "nubmer"], 2, "Did you mean number?"),
        (["--id", "{0}", "--group-by", "nubmer"], 2, "Did you mean number?"),
        (["--id", "{0}", "--diversity", "0.5", "--sort", "label"], 2, "one page"),
        (["--id", "{0}", "--diversity", "2"], 2, "--diversity"),
        (["--id", "{0}", "--min-score", "nan"], 2, "--min-score"),
        (["--and", "{0}"], 2, "one of IMAGE, --id and --uri"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    environment: dict[str, str], stored: list[ImageRef], arguments: list[str], code: int, said: str
) -> None:
    given = [argument.format(stored[0].id) for argument in arguments]
    done = lookalike(environment, "search", *given, code=code)
    assert said in " ".join(done.stderr.split()) and not done.stdout

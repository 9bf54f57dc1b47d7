"""After a promotion, all work on an index uses the model of the index, if no other model was chosen."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike as api
from lookalike.errors import ModelMismatch
from lookalike.samples import draw_samples
from lookalike.settings import read_settings
from testing.processes import answer
from tests.api.service import serving
from tests.cli.inprocess import lookalike
from tests.faults.model import PREPROCESSING

NAME, FORMER = "promoted", "efficientnet-lite0"


@dataclass(frozen=True)
class Promoted:
    """An index that was made with the default model, and promoted to another one, which only its file names."""

    environment: dict[str, str]
    folder: Path
    model: str

    @property
    def image(self) -> Path:
        return min(self.folder.rglob("*.jpg"))

    @property
    def options(self) -> dict[str, Any]:
        return {"home": self.environment["LOOKALIKE_HOME"]}

    def run(self, *words: object, code: int = 0) -> dict[str, Any]:
        return answer(lookalike(self.environment, *words, "--json", code=code))


@pytest.fixture(scope="module")
def promoted(
    lancedb_stack: dict[str, str], other_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Promoted]:
    folder = tmp_path_factory.mktemp("drawn")
    draw_samples(folder, per_class=2, seed=3)
    made = Promoted(lancedb_stack | {"LOOKALIKE_INDEX": NAME}, folder, str(other_model.stem))
    assert made.run("ingest", folder)["model"] == FORMER
    made.run("reembed", "--model", other_model, "--preprocessing", PREPROCESSING)
    assert made.run("index", "promote")["model"] == made.model
    yield made


def test_commands_use_the_model_of_the_index(promoted: Promoted, tmp_path: Path) -> None:
    folder = promoted.folder
    ingested = promoted.run("ingest", folder)
    assert (ingested["model"], ingested["indexed"]) == (promoted.model, 0)
    assert promoted.run("sync", folder)["wrong_model"] == promoted.run("verify", folder)["wrong_model"] == 0
    found = promoted.run("search", promoted.image, "-k", 1)
    assert found["model"].split()[0] == promoted.model and found["matches"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert promoted.run("evaluate", folder, "--seeds", 1)["model"] == promoted.model
    assert promoted.run("duplicates")["images"] == ingested["found"]
    assert promoted.run("list", "--limit", 1)["uri"]
    findings = {one["what"]: one["detail"] for one in promoted.run("doctor")["findings"]}
    assert promoted.model in findings["model"] and promoted.model in findings["index"]


def test_python_uses_the_model_of_the_index(promoted: Promoted) -> None:
    with api.open(NAME, **promoted.options) as images:
        assert images.search(promoted.image, k=1)[0].score == pytest.approx(1, abs=1e-3)
        assert images.ingest(promoted.folder, progress=False).model == promoted.model
        assert images.verify(promoted.folder).is_in_sync
        ids, vectors = images.vectors()
        stored = dict(zip(ids, vectors, strict=True))[images.search(promoted.image, k=1)[0].id]
        assert np.allclose(images.embed(promoted.image)[0], stored, atol=1e-2)
    assert api.evaluate(promoted.folder, seeds=[0], index=NAME, **promoted.options).summaries[0].name == promoted.model


def test_the_service_uses_the_model_of_the_index(promoted: Promoted) -> None:
    with serving(read_settings(index=NAME, **promoted.options)) as client:
        found = client.post("/search", params={"k": 1}, content=promoted.image.read_bytes()).json()
        assert found["model"].split()[0] == promoted.model and found["matches"][0]["score"] > 0.99


def test_another_model_is_refused_in_two_lines_and_searches_say_which_they_use(promoted: Promoted) -> None:
    chosen = promoted.environment | {"LOOKALIKE_MODEL": FORMER}
    for command in ("ingest", "sync"):
        done = lookalike(chosen, command, promoted.folder, "--json", code=1)
        said, advice = done.stderr.splitlines()
        assert promoted.model in said and FORMER in said and "LOOKALIKE_MODEL" in advice
    assert answer(lookalike(chosen, "verify", promoted.folder, "--json", code=3))["present"] == 0
    done = lookalike(chosen, "search", promoted.image, "--json")
    assert done.stderr == (
        f"Index {NAME} has another model since it was promoted. Searches use {promoted.model}, not {FORMER}.\n"
    )
    assert json.loads(done.stdout)["matches"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert answer(lookalike(chosen, "evaluate", promoted.folder, "--seeds", 1, "--json"))["model"] == FORMER
    with api.open(NAME, model=FORMER, **promoted.options) as images, pytest.raises(ModelMismatch, match=promoted.model):
        images.ingest(promoted.folder, progress=False)

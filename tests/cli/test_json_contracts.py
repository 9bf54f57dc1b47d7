"""The JSON of every command has the keys that its contract lists, with their types."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from documentation.reference.commands import with_option
from lookalike.samples import draw_samples
from lookalike_cli.json_keys import CONTRACTS, Key
from lookalike_cli.speed.advice import diagnose
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stage, Stages, Whole, spread
from lookalike_cli.speed.measurement import Measurement
from lookalike_cli.speed.sentences import plain
from lookalike_cli.speed.stages import STAGES
from testing.processes import answer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike

#: Commands that other tests run: `test_promotion`, `test_cancel` and `test_uninstall_data` check their keys.
ELSEWHERE = (
    *("sources check", "index promote", "index rollback", "cancel", "model add", "model fit", "model quantize"),
    "uninstall-data",
)
#: Former names that are still printed.
FORMER = {"pictures", "bound", "whole", "per_core"}
CLASSES = ("bricks", "rings")


#: The words for types -> the types; a boolean is no integer.
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def faults(printed: dict[str, Any], keys: tuple[Key, ...], above: str = "") -> list[str]:
    """What is not as the contract says: keys that are missing, have another type or no meaning, and lists without
    items, whose keys are not checked."""
    found = [f"{above}{name} has no meaning" for name in printed if name not in {key.name for key in keys} | FORMER]
    for key in keys:
        path = above + key.name
        if key.name not in printed:
            found.append(f"{path} is missing")
        elif not _has_type(printed[key.name], key.type):
            found.append(f"{path} is {printed[key.name]!r}, not {key.type}")
        elif key.items:
            found += [] if printed[key.name] else [f"{path} is empty"]
            found += [fault for one in printed[key.name] for fault in faults(one, key.items, f"{path}.")]
    return list(dict.fromkeys(found))


def missing(printed: dict[str, Any], command: str) -> list[str]:
    """What the contract of a command has and `printed` has not; models have further keys by what they are made of."""
    return [fault for fault in faults(printed, CONTRACTS[command]) if not fault.endswith("has no meaning")]


def _has_type(value: object, words: str) -> bool:
    allowed = [kind for word in words.replace(",", "").replace(" or", "").split() for kind in TYPES[word]]
    return isinstance(value, tuple(allowed)) and (not isinstance(value, bool) or bool in allowed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of two images, a copy of one, and a file that is not an image."""
    drawn, folder = tmp_path_factory.mktemp("drawn"), tmp_path_factory.mktemp("labelled")
    draw_samples(drawn, per_class=2)
    for label in CLASSES:
        shutil.copytree(drawn / label, folder / label)
    first = next((folder / CLASSES[0]).iterdir())
    shutil.copy(first, first.with_name(f"copy-of-{first.name}"))
    (folder / CLASSES[1] / "broken.jpg").write_bytes(b"not an image")
    return folder


@one_index
def test_every_command_prints_its_documented_keys(environment: dict[str, str], folder: Path, tmp_path: Path) -> None:
    def printed(*arguments: object, code: int = 0) -> dict[str, Any]:
        return answer(lookalike(environment, *arguments, "--json", code=code))

    done = printed("ingest", folder)
    image = next((folder / CLASSES[0]).iterdir())
    outputs = {
        "ingest": done,
        "search": printed("search", image, "-k", 2),
        "status": printed("status"),
        "status JOB": printed("status", done["job"]),
        "failed list": printed("failed", "list", done["job"]),
        "failed retry": printed("failed", "retry", done["job"], code=1),
        "failed clear": printed("failed", "clear", done["job"], "--yes"),
        "verify": printed("verify", folder),
        "sync": printed("sync", folder),
        "reembed": printed("reembed", "--model", "efficientnet-lite0"),
        "evaluate": printed("evaluate", folder, "--seeds", 1),
        "duplicates": printed("duplicates"),
        # Other than the others, it prints one object a line.
        "list": printed("list", "--limit", 1),
        "facets": printed("facets", "label"),
        "map": printed("map"),
        "model list": printed("model", "list"),
        "model info": printed("model", "info"),
        "model build": printed("model", "build"),
        "index list": printed("index", "list"),
        "index create": printed("index", "create", "json-contract"),
        "index restore": printed("index", "restore", "json-contract"),
        "index delete": printed("index", "delete", "json-contract", "--yes"),
        "index optimize": printed("index", "optimize"),
        "index export": printed("index", "export", tmp_path / "images.parquet"),
        "doctor": printed("doctor"),
    }
    assert {command: found for command in outputs if (found := faults(outputs[command], CONTRACTS[command]))} == {}
    assert set(CONTRACTS) == {*outputs, "bench", *ELSEWHERE}
    assert set(with_option("--json")) == set(CONTRACTS) - {"status JOB"}


def test_bench_has_its_documented_keys_and_the_former_ones() -> None:
    cost = spread([0.001])
    stages = Stages("run", 8, tuple(Stage(name, cost, cost) for name in STAGES))
    facts = Facts(2, 2, 8, "m", 256, "f32", None, Seat.EMBEDDED, 0.1, 1000, 0.001, 0.0)
    measured = Measurement(stages, Whole("run", 8, spread([100.0])), facts, rejected=0)
    printed = plain(measured, diagnose(stages, measured.whole, facts), None)
    assert faults(json.loads(json.dumps(printed)), CONTRACTS["bench"]) == []
    assert printed["end_to_end_images_per_second"] == 100.0
    assert printed["forward_images_per_second"] == pytest.approx(2 / 0.001)
    assert printed["bound_images_per_second"] == printed["bound"] == pytest.approx(2 / (len(STAGES) * 0.001))
    former = {
        "run",
        "pictures",
        "rejected",
        "whole",
        "bound",
        "per_core",
        "hours_per_million",
        "why",
        "advice",
        "facts",
    }
    assert former <= set(printed) and printed["whole"]["pictures"] == printed["pictures"] == printed["images"] == 8

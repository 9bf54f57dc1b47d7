"""The JSON of every command has the keys that the decision record documents."""

import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from lookalike.samples import draw_samples
from lookalike_cli.main import COMMANDS
from lookalike_cli.speed.advice import diagnose
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stage, Stages, Whole, spread
from lookalike_cli.speed.measurement import Measurement
from lookalike_cli.speed.sentences import plain
from lookalike_cli.speed.stages import STAGES
from testing.processes import ROOT, answer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike

#: Commands that other tests run: `test_promotion` and `test_cancel` check their keys.
ELSEWHERE = ("sources check", "index promote", "index rollback", "cancel", "model add", "model fit", "model quantize")
RECORD = ROOT / "docs" / "decisions" / "0008-json-contracts.md"
CLASSES = ("bricks", "rings")


def documented() -> dict[str, list[str]]:
    """Command -> keys; the keys of a list's items follow it as KEY.ITEM_KEY."""
    keys: dict[str, list[str]] = {}
    for commands, cell in re.findall(r"^\| (`.+`) \| (.+) \|$", RECORD.read_text(), re.MULTILINE):
        listed: list[str] = []
        for key, items in re.findall(r"`(\w+)`(?: \(([^)]*)\))?", cell):
            listed += [key, *(f"{key}.{item}" for item in re.findall(r"`(\w+)`", items))]
        keys |= dict.fromkeys(re.findall(r"`([^`]+)`", commands), listed)
    return keys


DOCUMENTED = documented()


def missing(printed: dict[str, Any], command: str) -> list[str]:
    """The documented keys that `printed` lacks; a list must have items, or its keys are not checked."""
    return [path for path in DOCUMENTED[command] if not _has(printed, path)]


def _has(printed: dict[str, Any], path: str) -> bool:
    key, _, item = path.partition(".")
    return key in printed and (not item or (bool(printed[key]) and all(item in one for one in printed[key])))


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
        "failed retry": printed("failed", "retry", done["job"]),
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
    assert {command: lacking for command in outputs if (lacking := missing(outputs[command], command))} == {}
    assert set(DOCUMENTED) == {*outputs, "bench", *ELSEWHERE}
    assert with_json() == set(DOCUMENTED) - {"status JOB"}


def with_json() -> set[str]:
    """Every command that has the option --json."""
    found = set()
    for name, module in COMMANDS.items():
        command = get_command(import_module(module).app)
        below = getattr(command, "commands", {})
        for path, one in {name: command, **{f"{name} {sub}": each for sub, each in below.items()}}.items():
            found |= {path} if any("--json" in parameter.opts for parameter in one.params) else set()
    return found


def test_bench_has_its_documented_keys_and_the_former_ones() -> None:
    cost = spread([0.001])
    stages = Stages("run", 8, tuple(Stage(name, cost, cost) for name in STAGES))
    facts = Facts(2, 2, 8, "m", 256, "f32", None, Seat.EMBEDDED, 0.1, 1000, 0.001, 0.0)
    measured = Measurement(stages, Whole("run", 8, spread([100.0])), facts, rejected=0)
    printed = plain(measured, diagnose(stages, measured.whole, facts), None)
    assert missing(printed, "bench") == []
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

"""The base installation is small and fast, and names the extra of a missing package in one line."""

import os
import re
import statistics
import subprocess
from pathlib import Path

import pytest

from lookalike_cli.main import COMMANDS
from tests.packaging.conftest import site_packages

#: Arguments -> the extra that the message names.
NEEDS = {
    ("bench", "."): "embedded",
    ("demo",): "embedded",
    ("evaluate", "."): "evaluate",
    ("flower",): "flower",
    ("index", "list"): "embedded",
    ("ingest", "."): "embedded",
    ("map",): "map",
    ("model", "list"): "embedded",
    ("search", "query.jpg"): "embedded",
    ("serve",): "api",
    ("up",): "api,embedded",
    ("worker",): "worker",
}
ONE_LINE = re.compile(r".* needs the extras? .*: pip install .*lookalike.*\[(.*)\]'\n")


def run(python: Path, folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LOOKALIKE_", "PYTHON"))}
    # No Redis of this machine: a base installation has none.
    environment = {**ours, "PATH": "/nowhere", "LOOKALIKE_HOME": str(folder / "home"), "COLUMNS": "200", **variables}
    return subprocess.run([python, *arguments], env=environment, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "query.jpg").write_bytes(b"not an image, but a file")
    return tmp_path


@pytest.mark.parametrize("arguments", NEEDS, ids=" ".join)
def test_a_command_names_its_extra_in_one_line(base: Path, folder: Path, arguments: tuple[str, ...]) -> None:
    broker = {"LOOKALIKE_BROKER_URL": "redis://127.0.0.1:9"} if arguments[0] == "worker" else {}
    done = run(base, folder, "-m", "lookalike_cli", *arguments, **broker)
    said = ONE_LINE.fullmatch(done.stderr)
    assert done.returncode == 1 and said is not None, done.stderr
    assert said[1] == NEEDS[arguments]


def test_the_help_lists_every_command(base: Path, folder: Path) -> None:
    done = run(base, folder, "-m", "lookalike_cli", "--help")
    assert done.returncode == 0, done.stderr
    assert set(COMMANDS) <= set(re.findall(r"\S+", done.stdout))


IMPORTABLE = """
from importlib import import_module
from lookalike_cli.contents import ENTRIES

for name, entry in ENTRIES.items():
    try:
        import_module(entry.module)
        is_imported = True
    except ModuleNotFoundError:
        is_imported = False
    if is_imported != entry.is_importable:
        print(name)
"""


def test_the_help_knows_which_commands_are_not_installed(base: Path, folder: Path) -> None:
    done = run(base, folder, "-c", IMPORTABLE)
    assert (done.stdout, done.stderr) == ("", "")
    shown = " ".join(run(base, folder, "-m", "lookalike_cli", "--help").stdout.split())
    assert "Not installed: lookalike bench needs" in shown.replace("\u2502", "").replace("  ", " ")


@pytest.mark.parametrize("command", ["status", "failed list", "verify .", "sync .", "ingest .", "search query.jpg"])
def test_a_command_with_configured_services_needs_no_extra(base: Path, folder: Path, command: str) -> None:
    away = {
        "LOOKALIKE_BROKER_URL": "redis://127.0.0.1:9",
        "LOOKALIKE_INDEX_URL": "http://127.0.0.1:9",
        "LOOKALIKE_API_URL": "http://127.0.0.1:9",
    }
    done = run(base, folder, "-m", "lookalike_cli", *command.split(), **away)
    assert "is not available" in done.stderr, done.stderr


def test_the_base_installation_takes_at_most_120_megabytes(base: Path) -> None:
    words = ["du", "--summarize", "--dereference", "--block-size=1000000", str(site_packages(base))]
    assert int(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[0]) <= 120


@pytest.mark.parametrize(
    ("code", "limit_s"), [("import lookalike", 0.15), ("from lookalike.client import Client", 0.3)]
)
def test_an_import_takes_little_cpu_time(base: Path, folder: Path, code: str, limit_s: float) -> None:
    measured = f"{code}\nimport os; print(sum(os.times()[:2]))"
    run(base, folder, "-c", measured)  # writes the bytecode
    assert statistics.median(float(run(base, folder, "-c", measured).stdout) for _ in range(5)) <= limit_s

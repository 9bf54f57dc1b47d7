"""What the help shows without loading the commands is what the commands are."""

import os
import re
import shlex
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from documentation.reference.commands import every_command
from lookalike import factories
from lookalike.records import Metric, ModelIdentity
from lookalike.settings import read_settings
from lookalike_cli.completion import index_names
from lookalike_cli.contents import ENTRIES, GROUPS
from lookalike_cli.examples import EXAMPLES
from tests.cli.inprocess import lookalike


def loaded(name: str) -> Any:
    command = get_command(import_module(ENTRIES[name].module).app)
    command.name = name
    return command


@pytest.mark.parametrize("name", ENTRIES)
def test_the_table_of_contents_says_what_the_command_says(name: str) -> None:
    said = " ".join((loaded(name).help or "").split("\n\n")[0].split())
    assert said == ENTRIES[name].summary


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    """Each command, also those below others, by its name."""
    return {one.name: one.command for one in every_command()}


def test_each_command_has_two_examples_of_itself_that_can_be_parsed(tree: dict[str, Any]) -> None:
    assert set(EXAMPLES) == {"", *tree}
    for name, examples in EXAMPLES.items():
        assert len(set(examples)) == 2, name
        for example in examples:
            words = typed(example)
            assert f"{' '.join(words)} ".startswith(f"lookalike {name} ".replace("  ", " ")), example
            parse(tree, words[1:])


def typed(example: str) -> list[str]:
    """The words of a command, without what is the shell's."""
    words = shlex.split(example.partition(" > ")[0])
    return [word for word in words if not word.startswith("LOOKALIKE_")]


def parse(tree: dict[str, Any], words: list[str]) -> None:
    """Parse these words, as the deepest command that they name. It fails for what is missing, unknown or invalid."""
    depth = max(depth for depth in range(1, len(words) + 1) if " ".join(words[:depth]) in tree)
    command = tree[" ".join(words[:depth])]
    assert not hasattr(command, "commands"), f"{words} names a group only"
    with command.make_context(words[depth - 1], words[depth:]):
        pass


@pytest.mark.parametrize(
    "words",
    ["sources check", "index delete images --all", "failed list --reason none", "search -k many", "model", "list list"],
)
def test_what_cannot_be_parsed_is_no_example(tree: dict[str, Any], words: str) -> None:
    with pytest.raises((typer.TyperException, AssertionError)):
        parse(tree, words.split())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_help_ends_with_the_examples(name: str) -> None:
    shown = lookalike({}, *name.split(), "-h").stdout.rstrip().splitlines()
    assert [line.strip() for line in shown[-3:]] == ["Examples:", *EXAMPLES[name]]


def test_the_help_has_the_groups_in_their_order_and_loads_no_command() -> None:
    code = (
        "import sys\nfrom lookalike_cli.main import run\nsys.argv[1:] = ['--help']\ntry:\n    run()\nfinally:\n"
        "    print(*(name for name in sys.modules if name.startswith('lookalike_cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    groups = [group for group in re.findall(r"\u256d\u2500 (\w+)", done.stdout) if group != "Options"]
    assert groups == list(GROUPS)
    imported = set(done.stdout.splitlines()[-1].split())
    assert imported.isdisjoint(entry.module for entry in ENTRIES.values()), imported


@pytest.mark.parametrize(
    ("words", "expected"),
    [("lookalike du", ["duplicates"]), ("lookalike index exp", ["export"]), ("lookalike search --gro", ["--group-by"])],
)
def test_a_shell_completes_commands_and_options(words: str, expected: list[str]) -> None:
    asked = {"_LOOKALIKE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = [sys.executable, "-P", "-m", "lookalike_cli"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True)
    assert done.stdout.split() == expected, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_text_beside_a_completion_takes_one_line(shell: str) -> None:
    asked = {"_LOOKALIKE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "lookalike search --"}
    environment = os.environ | asked | {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "COLUMNS": "80"}
    command = [sys.executable, "-P", "-m", "lookalike_cli"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.removeprefix("_arguments '*: :((").splitlines()
    assert len(lines) > 20 and [line for line in lines if not line.lstrip('"').startswith("--")] == []


def test_names_of_indexes_are_completed_and_none_of_a_home_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path))
    for name in ("shop", "shoes", "words"):
        factories.open_index(read_settings(index=name)).ensure(ModelIdentity("some", "0" * 16, 4, Metric.COSINE))
    assert index_names("sho") == ["shoes", "shop"]
    assert index_names("") == ["shoes", "shop", "words"]
    (tmp_path / "index" / "catalog.json").write_text("[]")
    assert index_names("") == []
    monkeypatch.setenv("LOOKALIKE_HOME", "/")
    assert index_names("") == []


def test_a_completion_prints_no_error_and_ends_although_the_index_is_silent() -> None:
    asked = {"_LOOKALIKE_COMPLETE": "complete_bash", "COMP_WORDS": "lookalike search --index ", "COMP_CWORD": "3"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wrong = {"LOOKALIKE_INDEX_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "LOOKALIKE_NONSENSE": "1"}
        script = "from lookalike_cli import completion, main; completion.LIMIT_S = 1.5; main.main()"
        command = [sys.executable, "-P", "-c", script]
        done = subprocess.run(command, env=os.environ | asked | wrong, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_the_help_puts_no_value_behind_a_flag() -> None:
    said = lookalike({}, "duplicates", "--help").stdout
    (line,) = (line for line in said.splitlines() if " --exact " in line)
    assert "bool" not in said
    assert line.split()[1:3] == ["--exact", "Compare"]

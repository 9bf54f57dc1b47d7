"""What the help shows without loading the commands is what the commands are."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from lookalike_cli.contents import ENTRIES, GROUPS
from tests.cli.inprocess import lookalike


def loaded(name: str) -> Any:
    command = get_command(import_module(ENTRIES[name].module).app)
    command.name = name
    return command


@pytest.mark.parametrize("name", ENTRIES)
def test_the_table_of_contents_says_what_the_command_says(name: str) -> None:
    said = " ".join((loaded(name).help or "").split("\n\n")[0].split())
    assert said == ENTRIES[name].summary


EXAMPLES = [(name, example) for name, entry in ENTRIES.items() for example in entry.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda value: value)
def test_an_example_can_be_parsed(name: str, example: str) -> None:
    of_shell_apart = example.partition(" > ")[0]
    program, command, *arguments = [word for word in shlex.split(of_shell_apart) if not word.startswith("LOOKALIKE_")]
    assert (program, command) == ("lookalike", name)
    parser = loaded(name)
    while hasattr(parser, "commands"):
        parser, arguments = parser.commands[arguments[0]], arguments[1:]
    with parser.make_context(name, list(arguments), resilient_parsing=False):
        pass


def test_each_command_has_two_examples_and_shows_them() -> None:
    assert {name for name, entry in ENTRIES.items() if len(entry.examples) != 2} == set()
    for name in ("ingest", "failed"):
        shown = lookalike({}, name, "-h").stdout
        assert all(example in shown for example in ENTRIES[name].examples)


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

"""Every block of the documentation says what it is in; programs are run, or marked with the reason why not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from documentation.pages import ROOT
from documentation.snippets.block import READABLE, RUNNABLE, Block, blocks, pages
from documentation.snippets.mark import NO_MARK, read_mark
from documentation.snippets.typed import invocations, typed
from lookalike.settings import setting_names
from lookalike.variables import NOT_SETTINGS, RENAMED
from lookalike_cli.main import app

EVERY = [block for page in pages() for block in blocks(page)]
#: Why a block may not be run here. Nothing else is a reason.
REASONS = re.compile(
    r"needs (a GPU|Docker|a cluster|the network|a bucket|an account|a checkout|minutes|files of yours)(, .+)?"
)
VARIABLE = re.compile(r"\bLOOKALIKE_[A-Z_]+\b")


def of(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in EVERY if block.language in languages]


def test_every_block_names_its_language() -> None:
    assert [block.place for block in EVERY if block.language not in RUNNABLE | READABLE] == []
    assert len(EVERY) > 40


def test_what_is_not_run_has_one_of_few_reasons() -> None:
    reasons = {block.place: block.mark.not_run for block in EVERY if block.mark.not_run}
    assert {place: why for place, why in reasons.items() if not REASONS.fullmatch(why)} == {}


def test_a_test_that_runs_blocks_knows_their_page() -> None:
    for block in EVERY:
        if test := block.mark.run_by:
            folder = (ROOT / test).parent
            assert (ROOT / test).is_file(), block.place
            assert any(Path(block.page).name in path.read_text() for path in folder.glob("*.py")), block.place


def test_json_and_yaml_can_be_read() -> None:
    for block in EVERY:
        try:
            if block.language == "json":
                json.loads(block.text)
            elif block.language == "yaml":
                assert list(yaml.safe_load_all(block.text))
        except (ValueError, yaml.YAMLError) as error:
            pytest.fail(f"{block.place}: {error}")


def test_blocks_name_settings_that_exist() -> None:
    known = {*setting_names(), *NOT_SETTINGS, *RENAMED}
    named = {(name, block.place) for block in EVERY for name in VARIABLE.findall(block.text)}
    assert {pair for pair in named if pair[0] not in known} == set()


@pytest.mark.parametrize("block", of("console", "sh"))
def test_commands_exist_with_their_options(block: Block) -> None:
    for words in invocations(block):
        parse(words)


def test_commands_are_found() -> None:
    found = [words for block in EVERY if block.page == "docs/sources.md" for words in invocations(block)]
    assert ["failed", "retry", "--reason", "host_unavailable"] in found and ["ingest", "-"] in found
    assert len(found) > 15


def test_commands_in_a_sentence_exist() -> None:
    for page in pages():
        for line in re.findall(r"(?<!`)`lookalike ([a-z][^`]*)`", (ROOT / page).read_text()):
            block = Block(page, 0, "sh", f"lookalike {line}")
            for words in invocations(block):
                parse(words)


def parse(words: list[str]) -> None:
    """Raises what the command line says of options that do not exist, or lack their value."""
    command: Any = get_command(app)
    while hasattr(command, "get_command") and words:
        context = command.make_context("lookalike", [], resilient_parsing=True)
        found = command.get_command(context, words[0])
        if found is None and words[0].startswith("-"):
            break
        assert found is not None, words
        command, words = found, words[1:]
    command.make_parser(command.context_class(command)).parse_args(args=list(words))


@pytest.mark.parametrize("words", [["ingest", "--nope"], ["sync", "x", "--within"], ["failed", "list", "--all"]])
def test_an_option_that_does_not_exist_would_be_found(words: list[str]) -> None:
    with pytest.raises(typer.TyperException):
        parse(words)


def test_a_page_is_read_into_blocks() -> None:
    page = """\
Text.

<!-- not run: needs a GPU -->

```sh
lookalike doctor  # all
```

1. In a list:

   ```console
   $ lookalike search a.jpg \\
   > -k 3
   score
   $ lookalike list
   ```

<!-- exit code 1 -->
A sentence between takes the mark away.

```python title="watch.py"
import lookalike
```

    indented
"""
    shell, console, python, indented = blocks("a.md", page)
    assert (shell.mark.not_run, shell.is_run, shell.line) == ("needs a GPU", False, 5)
    assert [(each.command, each.shown) for each in typed(console)] == [
        ("lookalike search a.jpg \\\n-k 3", "score"),
        ("lookalike list", ""),
    ]
    assert list(invocations(console)) == [["search", "a.jpg", "-k", "3"], ["list"]]
    assert (python.title, python.mark) == ("watch.py", NO_MARK)
    assert indented.language == ""


@pytest.mark.parametrize("comment", ["<!-- not run -->", "<!-- not run: -->", "<!-- exit 1 -->", "<!-- run on -->"])
def test_a_mark_that_is_misspelt_is_named(comment: str) -> None:
    with pytest.raises(ValueError, match=r"a\.md:3"):
        read_mark(comment, "a.md:3")

"""Every command of docs/operations.md works, or the page says what it needs."""

import re
from pathlib import Path

import pytest

from testing.processes import make_home
from tests.operations.operator import environment, typed
from tests.operations.page import NEEDS, PAGE, blocks


def test_every_command_of_the_page_succeeds_in_order(
    tmp_path: Path, model_home: Path, redis_url: str, opensearch_url: str, drawn: tuple[Path, Path]
) -> None:
    images, queries = drawn
    query = next(path for path in sorted(queries.rglob("*")) if path.is_file())
    home = make_home(tmp_path, model_home)
    place = environment(home, redis_url, opensearch_url, images, query)
    commands = [command for block in blocks() if not block.needs for command in block.commands]
    said = typed(commands, place, tmp_path)
    assert said.code == 0, said.text[-3000:]
    assert "Traceback" not in said.text
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text(), log
    for word in ("worker1@", "lookalike_index_documents", "<title>", "points to images-v1"):
        assert word in said.text, word


def test_only_commands_with_a_stated_need_are_skipped() -> None:
    skipped = [block for block in blocks() if block.needs]
    assert {block.needs for block in skipped} == {"Docker", "a cluster", "the network"}
    for block in skipped:
        programs = {command.split()[0] for command in block.commands if not command.startswith("#")}
        assert programs <= {"docker", "kubectl", "make", "curl"}, block


def test_the_page_has_every_section_that_an_operator_needs() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)
    assert titles == ["Install", "Size", "Run", "Watch", "Scale", "Upgrade", "Back up", "Recover", "Remove", "A run"]


@pytest.mark.parametrize(
    "first", ["# needs Docker", "# needs a cluster: path.repo", "# needs the network, and minutes"]
)
def test_a_need_is_stated_in_the_first_line(first: str) -> None:
    assert NEEDS.match(first)

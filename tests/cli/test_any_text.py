"""Any text in place of a name, a path, an id or a setting: commands answer in a few harmless lines."""

import json
import os
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lookalike.shown import as_argument, as_html, visible
from tests.any_text import FEW, FIXED, texts, words
from tests.cli import inprocess

SETTINGS = ["HOME", "INDEX", "MODEL", "WEIGHTS", "ROOTS", "CHUNK_SIZE", "INDEX_URL", "API_KEY", "X\x1b"]
#: Commands with TEXT for a name, and PATH for a path in an empty folder.
COMMANDS = [
    "search PATH --filter label=TEXT",
    "search PATH --filter TEXT",
    "search PATH --index TEXT",
    "search PATH --model TEXT",
    "search PATH -k TEXT",
    "search --id TEXT",
    "search --uri TEXT",
    "ingest PATH",
    "ingest PATH --label-from TEXT",
    "verify PATH --within PATH",
    "sync PATH",
    "status TEXT --json",
    "cancel TEXT",
    "failed list TEXT --json",
    "failed retry TEXT",
    "failed export TEXT --output PATH",
    "failed list --reason TEXT",
    "evaluate PATH",
    "duplicates --report PATH",
    "facets TEXT --filter TEXT",
    "bench PATH",
    "model info TEXT --json",
    "model fit PATH --head pca --name TEXT",
    "index create TEXT",
    "index delete TEXT --yes",
    "index promote TEXT",
    "index export PATH",
    "TEXT",
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, broker_url: str) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("any-text") / "home"
    yield {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_BROKER_URL": broker_url}


def _said(environment: dict[str, str], *arguments: str) -> None:
    """Run the command, and check what it says: short, on lines of its own, without a control character."""
    done = inprocess.lookalike(environment, *arguments, code=None)
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Unexpected error" not in done.stderr, (arguments, done.stderr)
    lines = [*done.stdout.splitlines(), *done.stderr.split("\n")]
    assert [line for line in lines if visible(line) != line] == [], arguments
    if done.returncode:
        assert done.stdout == "" and 1 <= done.stderr.count("\n") <= 3, (arguments, done.stderr)
    elif "--json" in arguments:
        json.loads(done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_answers_any_text_in_a_few_lines(environment: dict[str, str], command: str, tmp_path: Path) -> None:
    @FEW
    @given(words, words)
    def check(text: str, name: str) -> None:
        # A path that leads out of the empty folder may have images.
        assume(".." not in name and not text.startswith("-"))
        places = {"TEXT": text, "PATH": f"{tmp_path}/none/{name}"}
        _said(environment, *(_filled(word, places) for word in command.split()))

    check()


def _filled(word: str, places: dict[str, str]) -> str:
    for place, text in places.items():
        if word.endswith(place):
            return word.removesuffix(place) + text
    return word


@FEW
@given(
    words,
    st.sampled_from(SETTINGS),
)
def test_a_setting_may_be_any_text(tmp_path_factory: pytest.TempPathFactory, text: str, name: str) -> None:
    value = f"{tmp_path_factory.getbasetemp()}/none/{text}" if name in ("HOME", "WEIGHTS") else text
    assume(".." not in value)
    _said({**os.environ, f"LOOKALIKE_{name}": value}, "model", "info", "--json")


class Seen(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag == "p" and len(attributes) == 1
        self.texts.append(attributes[0][1] or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@FIXED
@given(texts | st.text(st.characters(), min_size=1))
def test_any_text_stays_text_in_a_page(text: str) -> None:
    seen = Seen(f'<p title="{as_html(text)}">{as_html(text)}</p>').texts
    assert seen[0] == visible(text) == "".join(seen[1:])
    visible(text).encode()


@settings(FIXED, max_examples=5)
@given(st.lists(words, min_size=1, max_size=60))
def test_any_text_is_one_word_of_a_shell_line(arguments: list[str]) -> None:
    line = "printf '%s\\0' " + " ".join(map(as_argument, arguments))
    assert visible(line) == line
    printed = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert printed.split(b"\0")[:-1] == list(map(os.fsencode, arguments))

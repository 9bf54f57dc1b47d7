"""Every message in the source keeps the rules: whole sentences, what to do, and only advice that exists."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import pytest

from lookalike import errors
from lookalike.settings import setting_names
from lookalike.variables import NOT_SETTINGS, RENAMED
from lookalike_cli.main import COMMANDS
from testing.processes import ROOT

PACKAGES = ("lookalike", "producer", "worker", "api", "evaluation", "cli")
#: Errors that a person must act on: the second argument says how.
PERMANENT = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.PermanentError) and "__init__" not in vars(kind)
} | {"PermanentError"}
#: What others say, which contains what to do.
QUOTING = {"The query service at \u25a1 refuses: \u25a1."}
#: Other calls whose text a person reads.
SPOKEN = {"remark", "say", "note", "on_note", "stoppable", "BadParameter", "fail", "Diagnostic", *PERMANENT}
#: Stands for a value in a message.
VALUE = "\u25a1"
LONGEST = 260
#: Words of programs, not of people.
FOREIGN = re.compile(
    r"\b(Traceback|exception|NoneType|errno|regex(?!:)|stderr|kwargs|param(?:eter)?s?)\b", re.IGNORECASE
)
#: Commands that a person installs things with: only `lookalike.installation` knows what works.
PIP = re.compile(r"pip install '?lookalike")
VARIABLE = re.compile(r"\bLOOKALIKE_[A-Z_]+\b")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
QUOTED = re.compile(r"`(lookalike [^`]*)`")


@dataclass(frozen=True)
class Message:
    """What one call says, as a template; `advice` is None where the call gives none."""

    place: str
    kind: str
    what: str | None
    advice: str | None

    @property
    def sentences(self) -> list[str]:
        return [text for text in (self.what, self.advice) if text]


def _template(node: ast.expr | None) -> str | None:
    """The text of a literal with VALUE in place of values; None for something else, such as a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)  # type: ignore[misc]
    if isinstance(node, ast.IfExp):
        return _template(node.body)
    return None


@cache
def messages() -> list[Message]:
    return list(_messages())


def _messages() -> Iterator[Message]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                kind = ast.unparse(node.func).rpartition(".")[2]
                if kind in SPOKEN and node.args and not isinstance(node.args[0], ast.Starred):
                    advice = _template(node.args[1]) if len(node.args) > 1 else None
                    if len(node.args) > 1 and advice is None:
                        advice = VALUE + "."
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield Message(place, kind, _template(node.args[0]), advice)


def _broken(*, kinds: set[str] | None = None) -> list[Message]:
    return [message for message in messages() if kinds is None or message.kind in kinds]


def test_many_messages_are_read() -> None:
    assert len(messages()) > 200 and len([message for message in messages() if message.kind in PERMANENT]) > 120


def test_an_error_is_whole_sentences() -> None:
    for message in _broken(kinds=PERMANENT | {"Diagnostic"}):
        for sentence in message.sentences:
            assert sentence.endswith((".", "?")), (message.place, sentence)
            assert sentence[0].isupper() or sentence[0] in f"{VALUE}`-" or sentence.startswith("docs/"), message
            assert "\n" not in sentence and len(sentence) <= LONGEST, message


def test_an_error_says_what_to_do() -> None:
    # The reason of a failed job has both sentences: the worker gave them.
    silent = [message for message in _broken(kinds=PERMANENT - {"JobFailed"}) if not message.advice]
    assert {message.what for message in silent} == QUOTING


def test_messages_use_the_words_of_people() -> None:
    for message in messages():
        for sentence in message.sentences:
            assert not FOREIGN.search(sentence) and not PIP.search(sentence), (message.place, sentence)


def test_messages_name_settings_that_exist() -> None:
    known = {*setting_names(), *NOT_SETTINGS, *RENAMED}
    named = {
        (name, message.place) for message in messages() for text in message.sentences for name in VARIABLE.findall(text)
    }
    assert {name for name, _ in named} <= known, {pair for pair in named if pair[0] not in known}


@pytest.fixture(scope="module")
def commands() -> dict[str, set[str]]:
    """Every command, such as "index list" -> its options."""
    from typer.main import get_command

    found: dict[str, set[str]] = {}
    for name, module in COMMANDS.items():
        command = get_command(import_module(module).app)
        for path, one in [
            (name, command),
            *((f"{name} {sub}", one) for sub, one in getattr(command, "commands", {}).items()),
        ]:
            found[path] = {
                option for parameter in one.params for option in (*parameter.opts, *parameter.secondary_opts)
            }
    return found


def test_messages_name_commands_and_options_that_exist(commands: dict[str, set[str]]) -> None:
    of_all = {"--help"}
    every = set().union(*commands.values()) | of_all | {"--version"}
    for message in messages():
        for text in message.sentences:
            assert set(OPTION.findall(text)) <= every, (message.place, text)
            for line in QUOTED.findall(text):
                words = shlex.split(line)[1:]
                name = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
                if name != VALUE:
                    assert name in commands, (message.place, line)
                    assert {word for word in words if word.startswith("--")} <= commands[name] | of_all, (
                        message.place,
                        line,
                    )


def test_messages_name_files_that_exist() -> None:
    for message in messages():
        for text in message.sentences:
            for path in re.findall(r"\b(?:docs|deploy)/[\w./-]*\w", text):
                assert (ROOT / path).exists(), (message.place, path)

"""What commands print: every character of a name, no markup from it, no folds in a pipe, results alone on stdout."""

import ast
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.exit_codes import ExitCode
from lookalike.shown import as_html, visible
from lookalike.terminal import Output
from lookalike_cli.console import table
from testing.processes import LOOKALIKE, ROOT
from tests.cli.inprocess import lookalike

#: Names as people and programs make them, which are shown as they are.
ORDINARY = [
    *("a[/b].jpg", "[red]x.jpg", "[link=file:///etc]y", r"\\[z", "12:cat:34.jpg", "Screenshot at 3.45\u202fPM.png"),
    *("\u5199\u771f\u3000\uff11.jpg", "caf\u00e9\u00a0noir", "e\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
]
#: Names that could take over a terminal, and how they are shown.
HOSTILE = {
    "a\x1b[31mb": r"a\x1b[31mb",
    "a\nb": r"a\nb",
    "a\rb\x07\x08": r"a\rb\x07\x08",
    "invoice\u202egpj.exe": r"invoice\u202egpj.exe",
    "a\u2066b\u2069": r"a\u2066b\u2069",
    "a\x9b31mb": r"a\x9b31mb",
    "a\u2028b": r"a\u2028b",
    "a\udcffb": r"a\udcffb",
    "a\ufeffb\u200b": r"a\ufeffb\u200b",
}


def _printed(*names: str) -> list[str]:
    """The cells of a table of names, and the same names as lines."""
    output = io.StringIO()
    console = Output(file=output, width=80)
    console.print(table("image", rows=[(name,) for name in names]))
    for name in names:
        console.say(name)
    lines = [line.rstrip() for line in output.getvalue().split("\n")[1:-1]]
    assert lines[: len(names)] == lines[len(names) :]
    return lines[: len(names)]


def test_a_name_is_printed_as_it_is() -> None:
    assert _printed(*ORDINARY) == ORDINARY


def test_what_could_control_a_terminal_is_escaped() -> None:
    assert _printed(*HOSTILE) == list(HOSTILE.values())
    assert as_html("<b>\u202e\x1b") == r"&lt;b&gt;\u202e\x1b"
    assert visible(visible("\x1b")) == visible("\x1b")


#: An id of a job, and a path that is wider than a terminal.
ROW = ("20260102-030405-abcdef012345", 7, "/pictures/" + "a long folder/" * 12 + "x.jpg")


def _row_printed(*, is_terminal: bool, width: int = 80) -> str:
    output = io.StringIO()
    Output(file=output, width=width, force_terminal=is_terminal, color_system=None).print(
        table("job", "images", "source", rows=[ROW])
    )
    return output.getvalue()


def test_a_table_in_a_pipe_is_not_folded() -> None:
    header, row = _row_printed(is_terminal=False).splitlines()
    assert header.split() == ["job", "images", "source"] and row.rstrip().endswith(ROW[2])


def test_a_table_on_a_terminal_cuts_neither_paths_nor_the_ids_of_jobs() -> None:
    # The terminal continues the path on its next line, and copies it as a whole.
    assert _row_printed(is_terminal=True) == _row_printed(is_terminal=False)


def test_on_a_narrow_terminal_each_row_is_a_paragraph_with_whole_cells() -> None:
    lines = _row_printed(is_terminal=True, width=40).splitlines()
    assert lines == [f"job: {ROW[0]}", "images: 7", f"source: {ROW[2]}"]


def test_forced_colours_neither_fold_nor_animate_what_a_pipe_gets() -> None:
    output = Output(file=io.StringIO(), width=40, _environ={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert output.color_system is not None and not output.is_animated
    output.print(table("job", "images", "source", rows=[ROW]))
    assert isinstance(output.file, io.StringIO) and len(output.file.getvalue().splitlines()) == 2


def test_nothing_is_animated_on_a_terminal_that_nobody_names() -> None:
    animated = {
        term: Output(file=io.StringIO(), force_terminal=True, _environ={"TERM": term}).is_animated
        for term in ("", "dumb", "xterm")
    }
    assert animated == {"": False, "dumb": False, "xterm": True}


@pytest.mark.parametrize("width", [1, 9])
def test_the_help_of_a_terminal_of_a_few_columns_is_no_error(environment: dict[str, str], width: int) -> None:
    assert "--label-from" in lookalike(environment | {"COLUMNS": str(width)}, "ingest", "--help").stdout


@pytest.mark.parametrize("command", ["", "ingest", "index", "index export", "duplicates", "serve"])
def test_the_help_fits_a_narrow_terminal_and_cuts_no_name(environment: dict[str, str], command: str) -> None:
    printed = lookalike(environment | {"COLUMNS": "40"}, *command.split(), "--help").stdout
    help, _, _ = printed.partition(" Examples:\n")
    assert max(map(len, help.splitlines())) <= 40 and "\u2026" not in help
    assert "..." not in help.replace("]...", "").replace("}...", "")
    assert "--help" in help


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call of a function or method in the packages: its file, its name and itself."""
    for folder in ("lookalike", "producer", "worker", "api", "evaluation", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield str(path.relative_to(ROOT)), ast.unparse(node.func), node


def test_all_text_for_people_goes_through_one_console() -> None:
    made = {file for file, name, _ in _calls() if name.rpartition(".")[2] == "Console"}
    assert made == set()
    printed = [
        (file, ast.unparse(call))
        for file, name, call in _calls()
        if name.endswith((".print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write"))
        and not (name.endswith(".print") and ast.unparse(call.args[0]).startswith(("table(", "screen(", "_")))
        and file != "lookalike/terminal.py"
    ]
    assert printed == []


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "LOOKALIKE_HOME": str(tmp_path / "home")}


def _run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = command.replace("lookalike", " ".join(LOOKALIKE))
    return subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_reader_that_has_gone_is_not_an_error_to_report(environment: dict[str, str]) -> None:
    for arguments in ("model list", "model list --json", "--help"):
        done = _run(f"(sleep 0.2; lookalike {arguments}) | true; exit ${{PIPESTATUS[0]}}", environment)
        notes = [line for line in done.stderr.splitlines() if "Errno" in line or "rror" in line or "xception" in line]
        assert notes == [] and done.returncode in (0, ExitCode.CUT_OFF)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_one_sentence(environment: dict[str, str]) -> None:
    done = _run("lookalike model list --json > /dev/full", environment)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "The output cannot be written: No space left on device.",
        "Write it to another place.",
    ]


def test_closed_streams_are_no_error(environment: dict[str, str]) -> None:
    assert _run("lookalike model list --json >&- 2>&- <&-", environment).returncode == 0


@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_name_is_printed_on_every_terminal(environment: dict[str, str], variables: dict[str, str]) -> None:
    done = _run("lookalike search '\u5199\u771f.jpg'", environment | variables)
    assert done.returncode == 1 and done.stderr.count("\n") <= 2
    assert "\u5199\u771f.jpg" in done.stderr


def test_json_is_utf_8_on_every_terminal(environment: dict[str, str]) -> None:
    named = environment | {"LOOKALIKE_MODEL": "resnet50", "PYTHONIOENCODING": "latin-1"}
    assert '"name":"resnet50' in _run("lookalike model info --json", named).stdout


def test_a_name_that_begins_with_a_hyphen_is_taken_for_an_option(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-x.jpg").touch()
    assert "Put -- before names" in lookalike(environment, "search", "-x.jpg", code=2).stderr
    assert "-x.jpg cannot be read" in lookalike(environment, "search", "--", "-x.jpg", code=1).stderr


def test_an_option_with_one_value_is_given_once(environment: dict[str, str]) -> None:
    done = lookalike(environment, "search", "a.jpg", "-k", 5, "--index", "a", "--index", "b", code=2)
    assert done.stderr.splitlines()[0] == "--index is given 2 times. Give it once." and done.stdout == ""
    assert "given" not in lookalike(environment, "model", "list", "--json", "--json").stderr

"""Runs the blocks of a page in order, in one shell and one folder, as a reader who types them does."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from documentation.snippets.block import Block
from documentation.snippets.output import PORT
from documentation.snippets.stage import Stage
from documentation.snippets.typed import typed

TIMEOUT_S = 280.0
#: Begin and end of the output of a step; no program prints them.
BEGIN, END = "\x1e", "\x1f"
_STEP = re.compile(f"{BEGIN}([0-9]+)\n(.*?)\n{END}([0-9]+)\n", re.DOTALL)
#: Programs in the background end with the shell, and before it does.
PROLOGUE = """\
trap 'code=$?; trap "" TERM; kill $(jobs -p) 2>/dev/null; wait; exit $code' EXIT
begin() { printf '\\x1e%s\\n' "$1"; }
end() { code=$?; printf '\\n\\x1f%s\\n' "$code"; [ "$code" = "$1" ] || exit 1; }
await() {
  until [ -s "$2" ] && grep -qF -- "$1" "$2"; do kill -0 $! || { cat "$2"; return 1; }; sleep 0.1; done
  cat "$2"
}
"""
_PROGRAM = {"python": ("py", "python"), "js": ("mjs", "node")}


@dataclass(frozen=True)
class Step:
    """What the reader types of a block, the output that the page shows or None, and the exit code."""

    block: Block
    command: str
    shown: str | None = None
    code: int = 0

    @property
    def place(self) -> str:
        return f"{self.block.place}: {self.command}"


@dataclass(frozen=True)
class Done:
    """The output of a step, and its exit code: None if it did not end."""

    step: Step
    printed: str
    code: int | None


def steps(blocks: Sequence[Block]) -> list[Step]:
    """The steps of the blocks of a page that are run, and of the files that a reader saves."""
    return list(_steps(blocks))


def _steps(blocks: Sequence[Block]) -> Iterator[Step]:
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        shown = after.text if after and after.mark.is_output else None
        if block.mark.not_run or block.mark.run_by:
            continue
        if block.title:
            yield Step(block, f"cat > {shlex.quote(block.title)} <<'END OF FILE'\n{block.text}END OF FILE", "")
        elif block.language == "console":
            *others, last = (Step(block, each.command, each.shown) for each in typed(block))
            yield from (*others, replace(last, code=block.mark.exit_code))
        elif block.language == "sh":
            yield Step(block, f"set -e\n{block.text}set +e", shown, block.mark.exit_code)
        elif block.language in _PROGRAM:
            yield Step(block, _saved(block), shown, block.mark.exit_code)


def _saved(block: Block) -> str:
    """A program that the reader starts from a file."""
    suffix, program = _PROGRAM[block.language]
    name = f"snippet-{block.line}.{suffix}"
    return f"cat > {name} <<'END OF FILE'\n{block.text}END OF FILE\n{program} {name}"


def run(blocks: Sequence[Block], stage: Stage) -> list[Done]:
    """Run them, until the first that does not end with its exit code, and say what each printed."""
    wanted = steps(blocks)
    script = stage.folder.parent / "script"
    script.write_text(PROLOGUE + "".join(_line(number, step, stage) for number, step in enumerate(wanted)) + "exit 0\n")
    said = _output(script, stage)
    ended = {int(number): (text, int(code)) for number, text, code in _STEP.findall(said)}
    rest = said.rpartition(BEGIN)[2]
    return [Done(step, *ended.get(number, (rest, None))) for number, step in enumerate(wanted)]


def _output(script: Path, stage: Stage) -> str:
    with (script.parent / "said").open("w+") as said:
        subprocess.run(
            ["bash", str(script)],
            env=stage.environment,
            cwd=stage.folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            start_new_session=True,
        )
        said.seek(0)
        return said.read()


def _line(number: int, step: Step, stage: Stage) -> str:
    command = step.command.replace(f":{PORT}", f":{stage.port}")
    if step.block.mark.runs_on:
        command = _in_background(number, command, step, stage)
    return f"begin {number}\n{command}\nend {step.code}\n"


def _in_background(number: int, command: str, step: Step, stage: Stage) -> str:
    """Start it, and go on when it has printed the last line that the page shows."""
    log = shlex.quote(str(stage.folder.parent / f"log-{number}"))
    if re.search(r"\blookalike (up|serve)\b", command):
        command += f" --port {stage.port}"
    last = (step.shown or "").rstrip().rpartition("\n")[2].replace(PORT, str(stage.port))
    return f"{command} > {log} 2>&1 &\nawait {shlex.quote(last)} {log}"


def first_failure(done: Sequence[Done]) -> Done | None:
    """The step that ended with another exit code than the page says, or that did not end."""
    return next((each for each in done if each.code != each.step.code), None)

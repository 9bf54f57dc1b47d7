"""How a command ends when it is interrupted."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import typer

from lookalike.exit_codes import ExitCode
from lookalike_cli import stopping
from lookalike_cli.stopping import stoppable
from testing.processes import ROOT, TIMEOUT_S

#: A command that is interrupted outside `stoppable`, and again while its process ends.
IMPATIENT = """
import atexit, signal, sys, types, typer
from lookalike_cli import main, stopping

def interrupted():
    atexit.register(again)
    signal.raise_signal(signal.SIGINT)

def again():
    for number in stopping.INTERRUPTS:
        signal.raise_signal(number)

app = typer.Typer()
app.command()(interrupted)
sys.modules["interrupted"] = types.SimpleNamespace(app=app)
main.COMMANDS["interrupted"] = "interrupted"
main.run()
"""

#: A command that is interrupted while a module is imported.
EARLY = """
import signal, sys

class Interrupting:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
from lookalike_cli.starting import main
sys.argv[1:] = ["status"]
main()
"""


#: A command that was interrupted while Python made code from a string.
HANDLED = """
try:
    exec("raise KeyboardInterrupt")
except KeyboardInterrupt:
    pass
from lookalike_cli.main import run
run()
"""


def test_the_module_that_ends_at_early_interrupts_is_there_at_once() -> None:
    """What it imports runs before it can do that: `signal` alone brings two dozen modules."""
    script = "import sys; before = {*sys.modules}; import lookalike_cli.starting; print(*sys.modules.keys() - before)"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert {*done.stdout.split()} <= {"lookalike_cli", "lookalike_cli.starting", "_signal"}


def test_a_handled_interrupt_does_not_replace_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "handled.py").write_text(HANDLED)
    command = [sys.executable, "-m", "handled", "unknown"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")


@pytest.mark.parametrize("module", ["typer", "lookalike.errors", "lookalike_cli.status", "redis"])
def test_an_interrupt_while_code_is_imported_ends_the_command_in_silence(module: str) -> None:
    command = [sys.executable, "-c", EARLY.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("number", stopping.INTERRUPTS)
def test_a_stopped_command_prints_its_message_and_says_which_signal_it_was(number: signal.Signals) -> None:
    with pytest.raises(typer.Exit) as ended, stoppable("Interrupted."):
        os.kill(os.getpid(), number)
    assert ended.value.exit_code == 128 + number
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_server_that_is_stopped_has_done_its_work() -> None:
    with pytest.raises(typer.Exit) as ended, stoppable("Stopped.", is_endless=True):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.exit_code == 0


def test_an_interrupt_during_an_import_counts_as_an_interrupt() -> None:
    with pytest.raises(typer.Exit), stoppable("Interrupted."):
        raise ImportError("initialization failed") from KeyboardInterrupt()


def test_a_failed_import_does_not_count_as_an_interrupt() -> None:
    with pytest.raises(ImportError), stoppable("Interrupted."):
        raise ImportError("initialization failed")


class Finalized:
    """Raises SIGINT in its finalizer."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_in_a_finalizer_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), stoppable("Ended."):
        Finalized()
        threading.Event().wait(60)
        pytest.fail("the interrupt was lost")
    assert "Ended." in capsys.readouterr().err


def test_an_interrupt_that_ends_the_command_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "AGAIN_AFTER_S", 10.0)
    with pytest.raises(typer.Exit), stoppable("Ended."):
        Finalized()
        raise KeyboardInterrupt
    try:
        for timer in (thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)):
            timer.join()
    except KeyboardInterrupt:
        pytest.fail("the interrupt was sent again")


def test_a_second_interrupt_changes_neither_the_exit_code_nor_what_is_printed() -> None:
    command = [sys.executable, "-c", IMPATIENT, "interrupted"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

"""How a command ends that is stopped from outside."""

import os
import signal
import threading

import pytest
import typer
from lookalike_cli.stopping import stoppable


def test_a_command_that_is_told_to_end_says_so_and_fails() -> None:
    with pytest.raises(typer.Exit) as ended, stoppable("Interrupted."):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.exit_code == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_interrupt_in_the_middle_of_an_import_is_no_failure_of_the_import() -> None:
    with pytest.raises(typer.Exit), stoppable("Interrupted."):
        raise ImportError("initialization failed") from KeyboardInterrupt()


def test_a_library_that_cannot_be_imported_is_no_interrupt() -> None:
    with pytest.raises(ImportError), stoppable("Interrupted."):
        raise ImportError("initialization failed")


class Finalized:
    """The signal comes while it goes."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_comes_while_an_object_goes_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), stoppable("Ended."):
        Finalized()
        threading.Event().wait(60)
        pytest.fail("it was lost")
    assert "Ended." in capsys.readouterr().err

"""How a command ends when it is interrupted."""

import os
import signal
import threading

import pytest
import typer

from lookalike_cli.stopping import stoppable


def test_a_terminated_command_prints_its_message_and_fails() -> None:
    with pytest.raises(typer.Exit) as ended, stoppable("Interrupted."):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.exit_code == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


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

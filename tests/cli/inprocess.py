"""Runs commands in the test's own process, which saves the start of an interpreter for each.

Signals, tracebacks and the `worker` command, which replaces its process, need a real one: see `testing.processes`.
"""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

from lookalike_cli.console import remarks, results
from lookalike_cli.main import run
from testing.processes import Done


def lookalike(
    environment: Mapping[str, str], *arguments: object, code: int | None = 0, stdin: str | None = None
) -> Done:
    """Run a command to its end, with this environment; like `testing.processes.lookalike`.

    A `code` of None stands for any exit code, a `stdin` of None for that of the tests.
    """
    command = ["lookalike", *map(str, arguments)]
    stdout, stderr = _stream(), _stream()
    with _logging_restored(), pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", command)
        if stdin is not None:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin.encode()))))
        _replace_environment(patch, environment)
        with _consoles_of_this_environment():
            status = _exit_code()
    done = subprocess.CompletedProcess(command, status, _text(stdout), _text(stderr))
    assert "Traceback" not in done.stderr + done.stdout, done.stderr + done.stdout
    assert code is None or done.returncode == code, done.stderr
    return done


def _replace_environment(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(environment):
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)


@contextmanager
def _consoles_of_this_environment() -> Iterator[None]:
    """Make both consoles anew, as a process would: they read NO_COLOR, TERM and COLUMNS when they are made."""
    _make_consoles()
    try:
        yield
    finally:
        _make_consoles()


def _make_consoles() -> None:
    for console in (remarks, results):
        console.__init__(stderr=console.stderr)  # type: ignore[misc]


def _exit_code() -> int:
    try:
        run()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Undo what a command sets up for its process: the handlers of all loggers, and the capture of warnings."""
    before = [(logger, [*logger.handlers], logger.level, logger.propagate) for logger in _loggers()]
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger in _loggers():
            # Loggers that the command made, such as uvicorn's, would go on writing to its closed stream.
            logger.handlers, logger.propagate = [], True
        for logger, handlers, level, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    named = [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    return [logging.getLogger(), *named]


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()

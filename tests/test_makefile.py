"""Targets of the Makefile fail if they cannot do their work, and tests that share fixtures run in one process."""

import os
import subprocess

import pytest

from testing.processes import ROOT, TIMEOUT_S


def test_an_audit_without_an_answer_fails_with_one_line() -> None:
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = ["make", "--silent", "--old-file", ".venv/testable", "audit"]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT_S)
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("Not audited: the vulnerability service did not answer")


def test_help_lists_every_target() -> None:
    shown = subprocess.run(["make", "--silent", "help"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    (phony,) = (line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert [line.split()[1] for line in shown.splitlines()] == phony.split()[1:]


def test_parallel_processes_keep_the_tests_of_a_module_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist adds the group to the id of a test. Without groups, each process makes every costly fixture."""
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@tests/test_makefile.py")

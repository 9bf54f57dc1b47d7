"""Targets of the Makefile that must not pass where they could not do their work."""

import os
import subprocess

from testing.processes import ROOT, TIMEOUT_S


def test_an_audit_that_cannot_ask_says_so_in_one_line_and_fails() -> None:
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = ["make", "--silent", "--old-file", ".venv/testable", "audit"]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT_S)
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("Not audited, for the vulnerability service cannot be asked")

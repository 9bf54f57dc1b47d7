"""Targets of the Makefile fail if they cannot do their work."""

import os
import subprocess

from testing.processes import ROOT, TIMEOUT_S


def test_an_audit_without_an_answer_fails_with_one_line() -> None:
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = ["make", "--silent", "--old-file", ".venv/testable", "audit"]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT_S)
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("Not audited: the vulnerability service did not answer")

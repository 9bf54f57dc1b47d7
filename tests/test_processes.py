"""What the tests use to find processes: `testing.processes`."""

import os
import subprocess
import sys
from pathlib import Path

from testing.processes import processes


def test_an_argument_that_is_not_utf8_hides_no_process(tmp_path: Path) -> None:
    command = [os.fsencode(sys.executable), b"-c", b"input()", b"caf\xe9"]
    with subprocess.Popen(
        command, env=os.environ | {"LOOKALIKE_HOME": str(tmp_path)}, stdin=subprocess.PIPE
    ) as process:
        found = processes(tmp_path)
        process.communicate(b"\n")
    assert os.fsencode(found[process.pid]).split()[-1] == b"caf\xe9"

"""Odd machines on which nothing is missing: everything works there, with all of these at once."""

import os
import subprocess
from pathlib import Path

import pytest

from testing.images import encoded
from testing.processes import LOOKALIKE, ROOT, lookalike, make_home

#: What a shell does before the command, in namespaces of its own.
ODDITIES = (
    # The logs lie on a disk of their own, which is full.
    "mount -t tmpfs -o size=4k none $LOOKALIKE_HOME/logs && head -c 4096 /dev/zero > $LOOKALIKE_HOME/logs/full",
    # No rights for anybody.
    "umask 0777",
    # No host name.
    "echo > /proc/sys/kernel/hostname",
)
#: Root may use a file whatever its rights; here it may not.
AS_OTHERS = "setpriv --bounding-set=-dac_override,-dac_read_search"
VARIABLES = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "LC_ALL": "tr_TR.UTF-8",
    "TZ": "Nowhere/City",
    "TERM": "garbage",
    "COLUMNS": "0",
    "FORCE_COLOR": "1",
}


def _namespaces() -> list[str]:
    """The beginning of a command in a network without any interface that works: not even the loopback does."""
    command = ["unshare", "--mount", "--net", "--uts"]
    return command if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0 else []


@pytest.mark.skipif(not _namespaces(), reason="this user may not make namespaces")
def test_an_ingest_works_on_a_machine_that_is_odd_in_many_ways(tmp_path: Path, model_home: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "A.JPG").write_bytes(encoded("jpeg"))
    (tmp_path / "images" / "I.GIF").write_bytes(encoded("gif"))
    home = make_home(tmp_path, model_home)
    (home / "logs").mkdir()
    environment = {**os.environ, **VARIABLES, "LOOKALIKE_HOME": str(home)}
    shell = ["bash", "-ec", "; ".join([*ODDITIES, f'exec {AS_OTHERS} "$@"']), "-"]
    command = [*_namespaces(), *shell, *LOOKALIKE, "ingest", str(tmp_path / "images")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0 and "2 found = 2 indexed" in done.stdout, done.stderr
    serve = subprocess.run([*_namespaces(), *LOOKALIKE, "serve"], env=environment, capture_output=True, text=True)
    assert serve.returncode == 1 and "Bring its loopback interface up" in serve.stderr, serve.stderr
    assert "\x1b[2K" not in done.stderr and "A.JPG" in lookalike(environment, "list").stdout

"""A machine without file descriptors is a fault of the machine, wherever it shows: no image is rejected for it."""

import errno
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from lookalike.errors import BrokerUnavailable
from lookalike.exhaustion import machine_error
from lookalike.index import open_index
from testing.services.ports import free_port
from tests.index.documents import COSINE, documents

#: Uses everything that opens files, with no descriptor left, and prints what each raises.
WITHOUT_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from lookalike.errors import LookalikeError
from lookalike.index import check_location, open_index
from lookalike.ledger import Ledger
from lookalike.storage import Storage
from tests.index.documents import documents
folder, address = Path(sys.argv[1]), sys.argv[2]
storage, ledger = Storage((folder,), 10**6), Ledger(f"redis://{address}/0")
index = open_index(f"lancedb://{folder}", "images")
uses = {
    "storage": lambda: storage.read(str(folder / "a.jpg")),
    "ledger": ledger.ping,
    "opensearch": lambda: check_location(f"http://{address}"),
    "lancedb read": index.count,
    "lancedb write": lambda: index.write(documents(2)),
}
for use in uses.values():  # loads what is imported late, and the table
    try:
        use()
    except LookalikeError:
        pass
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for name, use in uses.items():
    try:
        use()
        print(name, "worked")
    except LookalikeError as error:
        print(name, type(error).__name__, str(error).splitlines()[0])
"""


def test_without_descriptors_everything_names_the_machine(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")
    with closing(open_index(f"lancedb://{tmp_path}", "images")) as index:
        index.ensure(COSINE)
        index.write(documents(2))
    command = [sys.executable, "-c", WITHOUT_DESCRIPTORS, str(tmp_path), f"127.0.0.1:{free_port()}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    printed = done.stdout.splitlines()
    assert len(printed) == 5, done.stderr
    for line in printed:
        assert "MachineExhausted" in line and "Too many open files" in line, printed


def test_a_cause_is_found_wherever_it_is_and_loops_end() -> None:
    inner = OSError(errno.EMFILE, "x")
    outer = RuntimeError("outer", ValueError("text", inner))
    assert machine_error(outer) is not None
    loop = ValueError("a")
    loop.args = (loop, loop)
    loop.__context__ = loop
    assert machine_error(loop) is None
    assert machine_error(OSError(errno.ENOENT, "x")) is machine_error(BrokerUnavailable("a", "b")) is None
    assert machine_error(MemoryError()) is not None

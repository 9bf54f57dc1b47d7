"""The catalog of a LanceDB folder and its lock, with processes that are killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import IndexUnavailable
from lookalike.index import Index, list_indexes, open_index
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.lean_lancedb import lancedb
from tests.index.documents import COSINE, L2, documents

#: Takes the lock, prints a line and never releases the lock.
HOLD_THE_LOCK = """
import pathlib, sys, time
from lookalike.index.lancedb.catalog import Catalog
with Catalog(pathlib.Path(sys.argv[1])).locked(1):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_table_name_is_never_used_twice(index: Index, folder: Path) -> None:
    index.drop()
    index.ensure(L2)
    assert [info.version for info in list_indexes(f"lancedb://{folder}")] == ["images-v2"]


def test_while_another_process_holds_the_lock_writes_fail_and_reads_succeed(index: Index, folder: Path) -> None:
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(IndexUnavailable, match="another process"):
            index.write(documents(1))
        assert index.count() == 0
        holder.send_signal(signal.SIGKILL)
    assert index.write(documents(1)) == []


def test_a_writer_killed_before_it_sets_the_name_leaves_the_name_free(folder: Path) -> None:
    catalog = Catalog(folder)
    with catalog.locked(1):
        lancedb.connect(folder).create_table(catalog.reserve("images"), [{"id": "left behind"}])
    index = open_index(f"lancedb://{folder}", "images")
    index.ensure(COSINE)
    assert index.model() == COSINE


def test_the_catalog_is_plain_json(index: Index, folder: Path) -> None:
    assert json.loads((folder / "catalog.json").read_text())["tables"] == {"images": "images-v1"}

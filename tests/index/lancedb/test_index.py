"""What the embedded index alone must bear: full disks, closed folders, killed writers, fragments."""

import errno
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import lancedb
import pytest

from lookalike.errors import AccessDenied, DiskFull, IndexConflict, IndexMissing, IndexUnavailable, LookalikeError
from lookalike.index import Index, IndexOptions, list_indexes, open_index
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import translate
from lookalike.index.lancedb.index import MOST_FRAGMENTS
from lookalike.index.lancedb.tables import compact
from tests.index.documents import COSINE, L2, documents

#: Takes the lock, says so and never lets go.
HOLD_THE_LOCK = """
import pathlib, sys, time
from lookalike.index.lancedb.catalog import Catalog
with Catalog(pathlib.Path(sys.argv[1])).locked(1):
    print("held", flush=True)
    time.sleep(600)
"""
#: As nobody, to whom the folder is closed.
WRITE_AS_NOBODY = """
import os, sys
from lookalike.errors import AccessDenied
from lookalike.index import open_index
from tests.index.documents import COSINE, documents
index = open_index(sys.argv[1], "images")
if os.getuid() == 0:
    os.setuid(65534)
for use in (lambda: index.ensure(COSINE), lambda: index.write(documents(1)), index.end_load):
    try:
        use()
    except AccessDenied:
        print("denied")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Index:
    index = open_index(f"lancedb://{folder}", "images", options=IndexOptions(retry_s=0.2))
    index.ensure(COSINE)
    return index


def test_looking_for_an_index_creates_nothing(folder: Path) -> None:
    with pytest.raises(IndexMissing):
        open_index(f"lancedb://{folder}", "images").count()
    assert list_indexes(f"lancedb://{folder}") == []
    assert not folder.exists()


def test_a_folder_with_a_space_and_a_percent_is_found(tmp_path: Path) -> None:
    index = open_index(f"lancedb://{tmp_path}/a%20b%25", "images")
    index.ensure(COSINE)
    assert (tmp_path / "a b%" / "catalog.json").exists()


def test_many_small_writes_are_compacted_on_the_way(index: Index, folder: Path) -> None:
    written = documents(MOST_FRAGMENTS + 10)
    for each in written:
        index.write([each])
    table = lancedb.connect(folder).open_table("images-v1")
    assert table.stats()["fragment_stats"]["num_fragments"] < 20
    assert index.count() == len(index.stored([each.id for each in written])) == len(written)


def test_compacting_removes_what_no_reader_needs(index: Index, folder: Path) -> None:
    for each in documents(10):
        index.write([each])
    compact(lancedb.connect(folder).open_table("images-v1"), 1, keep=timedelta(milliseconds=1))
    assert len(list((folder / "images-v1.lance" / "data").iterdir())) == 1
    assert index.count() == 10
    assert index.model() == COSINE


def test_a_scan_of_documents_whose_files_are_removed_can_be_repeated(index: Index, folder: Path) -> None:
    for start in range(0, 60, 20):
        index.write(documents(60)[start : start + 20])
    batches = index.scan_documents(batch_size=10)
    next(batches)
    compact(lancedb.connect(folder).open_table("images-v1"), 1, keep=timedelta(milliseconds=1))
    with pytest.raises(IndexUnavailable, match="compaction"):
        list(batches)
    assert sum(map(len, index.scan_documents())) == 60


def test_a_table_name_is_never_used_twice(index: Index, folder: Path) -> None:
    index.drop()
    index.ensure(L2)
    assert [info.version for info in list_indexes(f"lancedb://{folder}")] == ["images-v2"]


def test_a_lock_that_stays_taken_makes_the_index_unavailable_until_its_holder_dies(index: Index, folder: Path) -> None:
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(IndexUnavailable, match="another process"):
            index.write(documents(1))
        assert index.count() == 0
        holder.send_signal(signal.SIGKILL)
    assert index.write(documents(1)) == []


def test_a_writer_killed_between_table_and_name_leaves_the_name_free(folder: Path) -> None:
    catalog = Catalog(folder)
    with catalog.locked(1):
        lancedb.connect(folder).create_table(catalog.reserve("images"), [{"id": "left behind"}])
    index = open_index(f"lancedb://{folder}", "images")
    index.ensure(COSINE)
    assert index.model() == COSINE


def test_a_folder_that_is_not_ours_to_write_is_denied(index: Index, folder: Path) -> None:
    os.chmod(folder / "lock", 0o444)
    os.chmod(folder, 0o555)
    for parent in (folder.parent, folder.parent.parent, folder.parent.parent.parent):
        os.chmod(parent, 0o755)
    run = subprocess.run([sys.executable, "-c", WRITE_AS_NOBODY, f"lancedb://{folder}"], capture_output=True, text=True)
    os.chmod(folder, 0o755)
    assert run.stdout.split() == ["denied"] * 3, run.stderr


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull),
        (RuntimeError("lance error: LanceError(IO): No space left on device (os error 28), rust/x.rs:1"), DiskFull),
        (RuntimeError("lance error: Permission denied (os error 13)"), AccessDenied),
        (OSError(errno.EROFS, "Read-only file system"), AccessDenied),
        (RuntimeError("lance error: Retryable commit conflict for version 7"), IndexUnavailable),
        (ValueError("Table 'images-v1' was not found"), IndexMissing),
        (RuntimeError("lance error: something else"), IndexConflict),
    ],
)
def test_a_failure_is_told_by_its_text(error: Exception, meant: type[LookalikeError], folder: Path) -> None:
    assert type(translate(error, folder, "images")) is meant


def test_a_full_disk_is_named_and_spares_what_was_stored(tmp_path: Path) -> None:
    if (
        os.getuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], capture_output=True
        ).returncode
    ):
        pytest.skip("a small file system cannot be mounted here")
    try:
        index = open_index(f"lancedb://{tmp_path}/index", "images")
        index.ensure(COSINE)
        index.write(documents(10))
        with pytest.raises(DiskFull, match="No space"):
            for _ in range(100):
                index.write(documents(2000))
        assert index.count() >= 10
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_the_catalog_is_plain_json(index: Index, folder: Path) -> None:
    assert json.loads((folder / "catalog.json").read_text())["tables"] == {"images": "images-v1"}


def test_lancedb_is_loaded_without_its_client_of_remote_catalogs_which_stays_whole() -> None:
    code = (
        "import sys, lookalike.index.lancedb.index\n"
        "print(any(name.startswith('lance_namespace_urllib3_client') for name in sys.modules))\n"
        "from lance_namespace_urllib3_client.models import CreateNamespaceRequest as whole\n"
        "print('properties' in whole.model_fields)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]

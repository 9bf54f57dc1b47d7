"""Full disks, denied folders and other failures of LanceDB."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import AccessDenied, DiskFull, IndexConflict, IndexMissing, IndexUnavailable, LookalikeError
from lookalike.index import Index, open_index
from lookalike.index.lancedb.errors import translate, translated
from tests.index.documents import COSINE, documents

#: Uses the index as the user nobody, who may not write to the folder.
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


def test_a_folder_of_another_user_is_access_denied(index: Index, folder: Path) -> None:
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
def test_the_text_of_a_failure_decides_the_error(error: Exception, meant: type[LookalikeError], folder: Path) -> None:
    assert type(translate(error, folder, "images")) is meant


def test_a_panic_of_lancedb_is_a_failure_of_the_index_and_other_bugs_are_not(folder: Path) -> None:
    panic = type("RustPanic", (Exception,), {})
    with pytest.raises(IndexConflict), translated(folder, "images"):
        raise panic("rust future panicked: unknown error")
    with pytest.raises(KeyError), translated(folder, "images"):
        raise KeyError("images")


def test_a_full_disk_is_an_error_and_stored_documents_remain(tmp_path: Path) -> None:
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

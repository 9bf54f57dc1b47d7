"""Where the private Redis listens."""

import os
import tempfile
from pathlib import Path

import pytest

from lookalike.embedded.redis_server import MAX_SOCKET_PATH, socket_path


def test_a_socket_path_fits_however_long_home_and_temporary_folder_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * MAX_SOCKET_PATH)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    path = socket_path(long / "home")
    try:
        assert len(os.fsencode(path)) <= MAX_SOCKET_PATH
        assert path == socket_path(long / "home") != socket_path(long / "other")
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        path.parent.rmdir()
        socket_path(long / "other").parent.rmdir()

"""The line that a message prints for a missing package works where lookalike came from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike import installation
from testing.processes import ROOT


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({}, "pip install 'lookalike[api,int8]'"),
        ({"url": f"file://{ROOT}", "dir_info": {"editable": True}}, f"pip install -e '{ROOT}[api,int8]'"),
        ({"url": f"file://{ROOT}", "dir_info": {}}, f"pip install '{ROOT}[api,int8]'"),
        ({"url": "file:///gone/lookalike-1.whl", "archive_info": {}}, "pip install 'lookalike-1.whl[api,int8]'"),
        ({"url": "https://host/lookalike-1.whl"}, "pip install 'lookalike[api,int8] @ https://host/lookalike-1.whl'"),
    ],
)
def test_the_line_names_what_pip_installed(
    origin: dict[str, object], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "lookalike-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lookalike\nVersion: 1\n")
    if origin:
        (about / "direct_url.json").write_text(json.dumps(origin))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert installation.install_command("api,int8") == line


def test_pip_accepts_the_line() -> None:
    line = installation.install_command("parquet").removeprefix("pip ")
    options = "--dry-run --no-deps --no-build-isolation --no-index --quiet"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m pip {line} {options}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

"""The examples of docs/python-api.md run unchanged."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as parquet

from testing.processes import ROOT, TIMEOUT_S, make_home, processes
from tests.browser.stage import LABELS

DOCUMENT = ROOT / "docs" / "python-api.md"


def test_the_examples_of_the_document_run(tmp_path: Path, model_home: Path, drawn: tuple[Path, Path]) -> None:
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(examples) == 4
    home = make_home(tmp_path, model_home)
    shutil.copytree(drawn[0], tmp_path / "Pictures")
    shutil.copy(next((drawn[1] / LABELS[0]).iterdir()), tmp_path / "query.jpg")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "LOOKALIKE_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(examples)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    assert "unsupported" in done.stdout and LABELS[0] in done.stdout
    assert "'size': 'integer'" in done.stdout
    assert parquet.read_table(tmp_path / "images.parquet").num_rows > 0
    assert processes(home) == {}

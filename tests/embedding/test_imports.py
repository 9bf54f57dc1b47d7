"""Programs that run no model import no heavy library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.embedding import Embedder

HEAVY = {"jax", "keras", "tensorflow", "openvino", "openvino_telemetry"}


def _imported_by(code: str) -> set[str]:
    """The heavy packages in sys.modules after `code` ran in a fresh interpreter."""
    report = f"{code}\nimport sys\nprint(*(name for name, found in sys.modules.items() if found))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True, env=environment)
    return HEAVY & set(done.stdout.split())


def test_the_embedding_package_imports_nothing_heavy() -> None:
    assert _imported_by("import lookalike.embedding") == set()


def test_naming_a_model_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from lookalike.embedding import identify, resolve\n"
        f"identify(resolve('resnet50'), Path({str(tmp_path)!r}))"
    )
    assert _imported_by(code) == set()


@pytest.mark.usefixtures("embed")
def test_loading_a_cached_model_imports_only_openvino_and_no_telemetry(embed: Embedder, home: Path) -> None:
    code = (
        "from pathlib import Path; import numpy as np; from lookalike.embedding import load, resolve\n"
        f"embed = load(resolve('efficientnet-lite0'), home=Path({str(home)!r}))\n"
        "embed(np.zeros((1, 224, 224, 3), np.uint8))"
    )
    assert _imported_by(code) == {"openvino"}


def test_building_the_default_model_imports_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from lookalike.embedding import resolve\n"
        "from lookalike.embedding.children import conversion\n"
        f"conversion.main(Path({str(tmp_path)!r}), resolve('efficientnet-lite0:int8'))"
    )
    assert _imported_by(code) == {"openvino"}
    assert (tmp_path / "model.bin").stat().st_size > 1_000_000

"""The backup of docs/operations.md restores a home with everything in it, at another path."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

import lookalike
from lookalike.embedding import resolve
from lookalike.embedding.artifacts import fitted, quantized
from lookalike.embedding.specs.spec import Head
from testing.processes import make_home
from tests.browser.stage import LABELS
from tests.operations.operator import environment, typed
from tests.operations.page import blocks

BASE = "efficientnet-lite0"
#: What the home of this machine alone needs of the page.
HOME = ('tar -C "$LOOKALIKE_HOME"', "mkdir -m 700", "(umask", 'mkdir -p "$RESTORED"', 'tar -C "$RESTORED"')


def train(home: Path) -> None:
    """A fitted and a quantized model, as small as the files allow."""
    layer = fitted.Layer(np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
    origin = fitted.Origin(BASE, 1, 2, 3, "2026-01-01T00:00:00Z", {})
    fitted.write(home, "my-fitted", resolve(BASE), Head.PCA, [layer], origin)
    graph = home.parent / "graph"
    graph.mkdir()
    for part in quantized.PARTS:
        (graph / part).write_bytes(b"a graph")
    calibration = quantized.Calibration(BASE, 1, 1.0, 1.0, "2026-01-01T00:00:00Z", {})
    quantized.write(home, "my-quantized", resolve(BASE), graph, 256, calibration)


def test_a_home_is_restored_elsewhere_with_models_index_jobs_and_settings(
    tmp_path: Path, model_home: Path, drawn: tuple[Path, Path]
) -> None:
    home, folder = make_home(tmp_path, model_home), drawn[0] / LABELS[0]
    query = next(folder.glob("*.jpg"))
    train(home)
    with lookalike.open(home=home, concurrency=1) as images:
        report, before = images.ingest(folder, progress=False), list(images.search(query, k=3))
    place = environment(home, "", "", folder, query, tmp_path) | {"LOOKALIKE_K": "1"}
    for name in ("LOOKALIKE_BROKER_URL", "LOOKALIKE_INDEX_URL"):
        del place[name]
    commands = [line for block in blocks() for line in block.commands if line.startswith(HOME)]
    said = typed([*commands, 'LOOKALIKE_HOME="$RESTORED" lookalike model list'], place, tmp_path)
    assert len(commands) == len(HOME) and said.code == 0, said.text
    assert "my-fitted" in said.text and "my-quantized" in said.text
    shutil.rmtree(home)
    restored = Path(place["RESTORED"])
    assert (
        not (restored / "run").exists() and f"LOOKALIKE_HOME={home}" in (tmp_path / "backup/settings.env").read_text()
    )
    assert (tmp_path / "backup/settings.env").stat().st_mode & 0o077 == 0
    check(restored, report, before, query)


def check(restored: Path, report: lookalike.Report, before: list[Any], query: Path) -> None:
    """The restored home has the index, the jobs with their rejected images, and models that can be read."""
    assert fitted.read(restored, "my-fitted").spec.head_file == str(restored / "fitted" / "my-fitted.npz")
    assert quantized.read(restored, "my-quantized").name == "my-quantized"
    with lookalike.open(home=restored, concurrency=1) as images:
        assert images.count() == report.indexed and list(images.search(query, k=3)) == before
        (job,) = images.jobs()
        assert (job.id, job.rejected) == (report.job, report.rejected) and report.rejected == 1
        assert len(images.rejected(job.id)) == 1
        again = images.retry(job.id, progress=False)
        assert again is not None and (again.found, again.rejected) == (1, 1)

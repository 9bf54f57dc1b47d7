"""One process holds the model for all processes of a worker, as on a GPU; in these tests TensorFlow runs on the CPU."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lookalike import factories
from lookalike.embedding import resolve
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import ModelUnavailable
from lookalike.records import document_id
from lookalike.settings import read_settings
from lookalike_worker.model_processes import MODULE, ModelProcesses
from testing.images import encoded
from testing.processes import await_true
from testing.services.redis import RedisServer
from testing.worker_harness import WorkerHarness
from tests.worker.conftest import working


@pytest.fixture(scope="module")
def harness(server: RedisServer, tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[WorkerHarness]:
    with working(
        server, tmp_path_factory.mktemp("model-processes"), model_home, "LOOKALIKE_RUNTIME=tensorflow"
    ) as made:
        yield made


def model_processes(worker: int) -> list[int]:
    """The model processes of this worker."""
    children = Path(f"/proc/{worker}/task").glob("*/children")
    pids = [int(pid) for path in children for pid in path.read_text().split()]
    return [pid for pid in pids if MODULE in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]


def test_a_shared_model_returns_the_same_vectors_as_a_local_one(harness: WorkerHarness) -> None:
    image = harness.root / "compared.jpg"
    image.write_bytes(encoded("jpeg"))
    assert harness.run(str(image)).indexed == 1
    with closing(factories.open_index(harness.settings)) as index:
        stored = index.get(document_id(str(image)))
    # On the CPU TensorFlow computes in f32, so the reference must too.
    exact = harness.settings.model_copy(update={"precision": "f32"})
    embed = factories.embedder(exact, factories.model_spec(exact))
    pixels = factories.decode(harness.settings, image.read_bytes()).pixels
    assert stored is not None
    np.testing.assert_allclose(np.asarray(stored.image_embedding), embed(pixels[None])[0], atol=2e-3)


def test_work_continues_after_the_model_process_is_killed(harness: WorkerHarness) -> None:
    (before,) = model_processes(harness.worker.pid)
    os.kill(before, signal.SIGKILL)
    harness.assert_works()
    (after,) = model_processes(harness.worker.pid)
    assert after != before


def test_a_gpu_that_cannot_be_used_is_logged_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = ModelProcesses(read_settings(home=tmp_path), ("0",))
    with caplog.at_level(logging.CRITICAL):
        processes.start()
    assert processes.addresses == () and "GPU" in caplog.text and "on the CPU" in caplog.text
    with pytest.raises(ModelUnavailable, match="cannot be used"):
        ModelProcesses(read_settings(home=tmp_path, runtime="tensorflow"), ("0",)).start()


def test_a_model_that_cannot_be_loaded_or_needs_a_cpu_is_refused_and_named(tmp_path: Path) -> None:
    settings = read_settings(
        home=tmp_path, runtime="tensorflow", model=str(tmp_path / "gone.keras"), preprocessing="none"
    )
    made = tmp_path / "gone.keras"
    made.write_bytes(b"no model")
    processes = ModelProcesses(settings, ())
    processes.start()
    try:
        with pytest.raises(ModelUnavailable, match="gone"):
            RemoteEmbedder(processes.addresses[0], factories.model_spec(settings))
        with pytest.raises(
            ModelUnavailable, match=r"efficientnet-lite0:int8 .* OpenVINO runs on the CPU and TensorFlow"
        ):
            RemoteEmbedder(processes.addresses[0], resolve("efficientnet-lite0:int8"))
    finally:
        processes.stop()


def test_a_killed_worker_leaves_no_model_process(harness: WorkerHarness) -> None:
    """The last test, because it kills the worker."""
    (left,) = model_processes(harness.worker.pid)
    os.kill(harness.worker.pid, signal.SIGKILL)
    await_true(lambda: not Path(f"/proc/{left}").exists())

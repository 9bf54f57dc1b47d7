"""One process holds the model for all processes of a worker, as on a GPU; in these tests the runtimes use the CPU.

The model has a few layers: on a CPU, TensorFlow and JAX take long for the batches of the default model.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lookalike import decoders, factories
from lookalike.embedding import resolve
from lookalike.embedding.children.model_process import FAILED
from lookalike.embedding.runtimes import remote_embedder
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import ModelProcessUnavailable, ModelUnavailable
from lookalike.installation import install_command
from lookalike.machine import usable_cores
from lookalike.records import Pixels, document_id
from lookalike.settings import Settings, read_settings
from lookalike_worker.model_processes import MODULE, ModelProcesses
from testing.images import encoded
from testing.processes import PATIENCE_S, await_true
from testing.services.redis import RedisServer
from testing.worker_harness import WorkerHarness
from tests.conftest import OTHER_SIZE
from tests.embedding.test_jax import FLOAT32_ERROR
from tests.faults.model import PREPROCESSING
from tests.worker.conftest import working


@pytest.fixture(scope="module")
def model(other_model: Path) -> dict[str, str]:
    """The settings of a model that is built in `model_home`."""
    return {"model": str(other_model), "preprocessing": PREPROCESSING}


@pytest.fixture(scope="module")
def harness(
    server: RedisServer, tmp_path_factory: pytest.TempPathFactory, model_home: Path, model: dict[str, str]
) -> Iterator[WorkerHarness]:
    folder, chosen = tmp_path_factory.mktemp("model-processes"), "LOOKALIKE_RUNTIME=tensorflow"
    with working(server, folder, model_home, chosen, options=(), prepare=keep_rates, **model) as made:
        yield made


def keep_rates(settings: Settings) -> None:
    """As `bench` does, where the fewest processes are fastest."""
    rates = {number: 1000.0 / number for number in decoders.candidates(usable_cores())}
    assert decoders.keep(settings.model_copy(update={"runtime": "tensorflow"}), (), rates)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes long to load TensorFlow again."""
    monkeypatch.setattr(remote_embedder, "RETRY_S", PATIENCE_S)


@pytest.fixture(scope="module")
def on_tensorflow(model_home: Path, model: dict[str, str]) -> Settings:
    return read_settings(home=model_home, runtime="tensorflow", precision="f32", **model)


def images(count: int, seed: int) -> Pixels:
    """Coarse noise."""
    coarse = np.random.RandomState(seed).randint(0, 256, (count, 12, 12, 3)).astype(np.uint8)
    return coarse.repeat(OTHER_SIZE // 12, 1).repeat(OTHER_SIZE // 12, 2)


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
    pixels = factories.decode(harness.settings, image.read_bytes(), **embed.frame._asdict()).pixels
    assert stored is not None
    np.testing.assert_allclose(np.asarray(stored.image_embedding), embed(pixels[None])[0], atol=2e-3)


def test_as_many_processes_decode_as_were_measured_to_be_fastest(harness: WorkerHarness) -> None:
    assert f"concurrency: {min(decoders.candidates(usable_cores()))} (prefork)" in harness.log


def test_a_model_process_loads_no_package_that_its_model_does_not_need(harness: WorkerHarness) -> None:
    """They took half of the time of its start."""
    (process,) = model_processes(harness.worker.pid)
    mapped = Path(f"/proc/{process}/maps").read_text()
    assert "tensorflow" in mapped
    assert [package for package in ("matplotlib", "pandas", "sklearn") if f"/{package}/" in mapped] == []


def test_work_continues_after_the_model_process_is_killed(harness: WorkerHarness) -> None:
    (before,) = model_processes(harness.worker.pid)
    os.kill(before, signal.SIGKILL)
    harness.assert_works()
    (after,) = model_processes(harness.worker.pid)
    assert after != before


def test_gpus_that_cannot_be_used_are_logged_or_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    processes = ModelProcesses(read_settings(home=tmp_path), ("0", "1"))
    with caplog.at_level(logging.CRITICAL), ThreadPoolExecutor(1) as thread:
        start = thread.submit(processes.start)
        # Side by side: each loads its libraries for seconds.
        await_true(lambda: len(model_processes(os.getpid())) == 2)
        start.result()
    assert processes.addresses == () and "2 GPU(s)" in caplog.text and "on the CPU" in caplog.text
    assert install_command("gpu") in caplog.text
    with pytest.raises(ModelUnavailable, match="JAX is installed without its CUDA plugin"):
        ModelProcesses(read_settings(home=tmp_path, runtime="jax"), ("0",)).start()


@pytest.fixture(scope="module")
def processes(on_tensorflow: Settings) -> Iterator[ModelProcesses]:
    """With TensorFlow, for tests that need no worker; they end the process, which is started anew."""
    made = ModelProcesses(on_tensorflow, ())
    made.start()
    yield made
    made.stop()


def embedder(processes: ModelProcesses, settings: Settings) -> RemoteEmbedder:
    return RemoteEmbedder(processes.addresses[0], factories.model_spec(settings), 2 * PATIENCE_S)


def test_the_vectors_are_those_of_a_local_model(processes: ModelProcesses, on_tensorflow: Settings) -> None:
    spec = factories.model_spec(on_tensorflow)
    local = factories.embedder(on_tensorflow.model_copy(update={"runtime": "openvino"}), spec)
    pixels = images(70, seed=1)
    with closing(embedder(processes, on_tensorflow)) as embed:
        assert embed.identity == local.identity
        # More than may be in flight, of different sizes, and read in another order than they were sent.
        waits = [embed.ask_pixels(list(pixels[:count])) for count in (3, 70, 1, 33)]
        for count, wait in reversed(list(zip((3, 70, 1, 33), waits, strict=True))):
            np.testing.assert_allclose(wait(), local(pixels[:count]), atol=FLOAT32_ERROR)


def test_what_was_asked_of_a_model_process_that_ends_is_asked_again(
    processes: ModelProcesses, on_tensorflow: Settings
) -> None:
    # 166 kB each, of 212 kB that a socket holds: the second one does not fit before the process ends.
    parts = np.split(images(12, seed=2), 2)
    with closing(embedder(processes, on_tensorflow)) as embed:
        first, second = map(embed, parts)
        (before,) = model_processes(os.getpid())
        os.kill(before, signal.SIGSTOP)
        threading.Timer(0.5, os.kill, (before, signal.SIGKILL)).start()
        waits = [embed.ask_pixels(list(part)) for part in parts]
        again = [wait() for wait in waits]
    np.testing.assert_allclose(np.concatenate(again), np.concatenate([first, second]), atol=1e-5)


def test_jax_and_tensorflow_agree_in_float32(processes: ModelProcesses, on_tensorflow: Settings) -> None:
    pixels = images(5, seed=3)
    with closing(embedder(processes, on_tensorflow)) as embed:
        reference = embed(pixels)
    on_jax = ModelProcesses(on_tensorflow.model_copy(update={"runtime": "jax"}), ())
    on_jax.start()
    try:
        with closing(embedder(on_jax, on_tensorflow)) as embed:
            vectors = embed(pixels)
    finally:
        on_jax.stop()
    assert np.linalg.norm(vectors - reference, axis=1).max() < FLOAT32_ERROR
    assert any((on_tensorflow.home / "compiled" / "jax").iterdir()), "compiled graphs are kept"


def test_an_error_that_is_not_the_models_ends_the_process(
    processes: ModelProcesses,
    on_tensorflow: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after an error of CUDA, after which no call of the same process succeeds."""
    with closing(embedder(processes, on_tensorflow)) as embed:
        monkeypatch.setattr(remote_embedder, "RETRY_S", 0)
        with pytest.raises(ModelProcessUnavailable):
            embed(np.zeros((1, 5, 5, 3), np.uint8))
    await_true(lambda: f"ended with exit code {FAILED}; restarting it" in caplog.text)


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

"""A worker that the tests of this folder share."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from lookalike import embedding, factories
from lookalike.ledger import Ledger
from lookalike.queue import make_app
from lookalike.settings import Settings, read_settings
from testing.processes import PATIENCE_S, make_home
from testing.services.process import ServerProcess
from testing.services.redis import RedisServer
from testing.worker_harness import WorkerHarness

ONE_PROCESS = ("--concurrency", "1")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as running:
        yield running


@pytest.fixture(scope="module")
def bench(server: RedisServer, tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[WorkerHarness]:
    with working(server, tmp_path_factory.mktemp("messages"), model_home) as made:
        yield made


@contextmanager
def working(
    server: RedisServer,
    folder: Path,
    model_home: Path,
    *further: str,
    options: Sequence[str] = ONE_PROCESS,
    prepare: Callable[[Settings], object] = lambda _: None,
    **model: str,
) -> Iterator[WorkerHarness]:
    """A worker that has shown that it works, with `further` NAME=VALUE in its environment. `prepare` is called before
    it starts. `model`: the settings of another model than the default one."""
    home, root = make_home(folder, model_home), folder / "root"
    root.mkdir()
    settings = read_settings(home=home, broker_url=server.url, roots=(root,), **model)
    index = factories.open_index(settings)
    index.ensure(embedding.identify(factories.model_spec(settings), home))
    index.close()
    prepare(settings)
    of_model = [f"LOOKALIKE_{name.upper()}={value}" for name, value in model.items()]
    worker = start_worker(settings, folder, *of_model, *further, options=options)
    ledger = Ledger(server.url)
    with redis.Redis.from_url(server.url) as client, make_app(server.url) as app:
        made = WorkerHarness(settings, root, app, ledger, client, worker)
        try:
            worker.await_ready(lambda: "ready." in made.log, PATIENCE_S)
            made.assert_works()
            yield made
        finally:
            made.worker.stop()
            ledger.close()


def start_worker(
    settings: Settings, folder: Path, *further: str, options: Sequence[str] = ONE_PROCESS
) -> ServerProcess:
    """A worker, by default with one process, whose output goes to `folder`."""
    assert settings.broker_url is not None
    chosen = (f"LOOKALIKE_HOME={settings.home}", f"LOOKALIKE_BROKER_URL={settings.broker_url.get_secret_value()}")
    roots = f'LOOKALIKE_ROOTS=["{settings.roots[0]}"]'
    command = [sys.executable, "-P", "-m", "lookalike_worker", *options]
    return ServerProcess([shutil.which("env") or "/usr/bin/env", *chosen, roots, *further, *command], folder)

"""Workers that a person has given one name: Celery's `inspect` shows one of them."""

import socket
import warnings
from contextlib import ExitStack
from pathlib import Path

from lookalike.queue import make_app
from lookalike.settings import read_settings
from lookalike.workers import consuming_workers, process_counts, workers_here
from lookalike_cli.doctor.broker import workers
from testing.processes import await_true, make_home
from testing.services.redis import RedisServer
from tests.worker.conftest import ONE_PROCESS, start_worker

NAME = f"one@{socket.gethostname()}"


def test_two_workers_of_one_name_are_both_counted_and_the_doctor_names_them(
    server: RedisServer, tmp_path: Path, model_home: Path
) -> None:
    settings = read_settings(home=make_home(tmp_path, model_home), broker_url=server.url, roots=(tmp_path,))
    with ExitStack() as ending, make_app(server.url) as app, warnings.catch_warnings():
        warnings.simplefilter("error")
        for folder in (tmp_path / "a", tmp_path / "b"):
            folder.mkdir()
            ending.callback(start_worker(settings, folder, options=(*ONE_PROCESS, "--hostname", NAME)).stop)
        names = await_true(lambda: (found := consuming_workers(app)) and len(found) == 2 and found)
        assert names == workers_here(app) == [NAME, NAME]
        assert process_counts(app, names) == {NAME: 2}
        listed, shared = workers(settings)
    assert listed.is_fine and listed.detail == f"{NAME} (2 processes)"
    assert shared.detail == f"2 workers are called {NAME}: Flower and the metrics show one of them."

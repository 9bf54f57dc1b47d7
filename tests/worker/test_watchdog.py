"""A worker that no longer consumes messages, or holds them and does nothing, exits, and the stack restarts it."""

import os
import signal
from pathlib import Path

from lookalike.embedded.redis_server import broker_url
from lookalike.queue import QUEUE, make_app
from lookalike.samples import draw_samples
from lookalike.workers import consuming_workers
from testing.processes import answer, await_true, lookalike, make_home, started, stop, worker_processes
from testing.services.ports import free_port


def test_a_worker_whose_process_takes_no_message_that_it_holds_exits_as_well(tmp_path: Path, model_home: Path) -> None:
    home = make_home(tmp_path, model_home)
    images = tmp_path / "pictures"
    draw_samples(images, per_class=1)
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_STALLED_AFTER_S": "6", "LOOKALIKE_CONCURRENCY": "1"}
    with started({**os.environ, **chosen}, "up", "--port", free_port()) as up:
        app = make_app(broker_url(home))
        await_true(lambda: (home / "run" / "worker").exists())
        await_true(lambda: consuming_workers(app, 0.5))
        stalled, (frozen,) = worker_processes(home)
        os.kill(frozen, signal.SIGSTOP)

        summary = answer(lookalike({**os.environ, **chosen}, "ingest", images, "--json"))

        assert (summary["found"], summary["indexed"]) == (16, 16)
        assert worker_processes(home)[0] != stalled
        stop(up, signal.SIGTERM)


def test_a_stalled_worker_exits_and_the_next_one_does_the_work(tmp_path: Path, model_home: Path) -> None:
    home = make_home(tmp_path, model_home)
    images = tmp_path / "pictures"
    draw_samples(images, per_class=1)
    environment = {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_STALLED_AFTER_S": "6"}
    with started(environment, "up", "--port", free_port()) as up:
        app = make_app(broker_url(home))
        await_true(lambda: (home / "run" / "worker").exists())
        await_true(lambda: consuming_workers(app, 0.5))
        stalled, _ = worker_processes(home)
        app.control.cancel_consumer(QUEUE)
        await_true(lambda: not consuming_workers(app, 0.5))

        summary = answer(lookalike(environment, "ingest", images, "--json"))

        assert (summary["found"], summary["indexed"]) == (16, 16)
        assert worker_processes(home)[0] != stalled
        stop(up, signal.SIGTERM)

"""Flower, killed and asked with a wrong password."""

import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from testing.processes import await_true
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from tests.faults.disturbances import BETWEEN
from tests.faults.images import Source
from tests.faults.rig import Producer, Rig


def flower(rig: Rig, source: Source, times: int) -> Producer:
    """Flower watches the work, rejects a wrong password, and is killed while the work goes on."""
    producer = None
    for _ in range(times):
        with _flower(rig) as (process, url):
            await_true(partial(_answers, url))
            producer = producer or rig.ingest(source)
            rig.continues_for(producer, BETWEEN)
            assert _status(url, None) == 401 and _status(url, "ann:wrong") == 401, "Flower accepts a wrong password"
            process.kill()
        rig.injected["Flower killed"] += 1
    assert producer
    return producer


@contextmanager
def _flower(rig: Rig) -> Iterator[tuple[ServerProcess, str]]:
    port = free_port()
    options = ["--basic-auth=ann:right", "--address=127.0.0.1", f"--port={port}"]
    environment = ["/usr/bin/env", *(f"{name}={value}" for name, value in rig.product_environment().items())]
    command = [*environment, sys.executable, "-P", "-m", "celery", "-A", "lookalike_worker.app", "flower", *options]
    process = ServerProcess(command, rig.folder)
    try:
        yield process, f"http://127.0.0.1:{port}/"
    finally:
        if process.is_running:
            process.kill()


def _answers(url: str) -> bool:
    return _status(url, "ann:right") == 200


def _status(url: str, login: str | None) -> int:
    page_request = urllib.request.Request(url)
    if login:
        page_request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(page_request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0

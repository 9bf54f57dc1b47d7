"""`lookalike up`: other commands join the running stack, searches are answered, and it ends as a whole."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from lookalike.embedded.redis_server import broker_url
from lookalike.envelope import INGEST_CHUNK
from lookalike.queue import KEY_PREFIX, QUEUE, make_app, send_chunk
from lookalike.samples import draw_samples
from testing.processes import answer, await_true, make_home, processes, started, stop
from testing.services.ports import free_port
from tests.cli.inprocess import lookalike


@dataclass
class Up:
    environment: dict[str, str]
    home: Path
    port: int
    images: Path

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else {"detail": text}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    home, port = make_home(folder, model_home), free_port()
    draw_samples(folder / "images", per_class=2, seed=5)
    environment = {**os.environ, "LOOKALIKE_HOME": str(home)}
    with started(environment, "up", "--port", port) as process:
        running = Up(environment, home, port, folder / "images")
        await_true(lambda: answers(running))
        lookalike(environment, "ingest", running.images)
        yield running
        _, stderr = stop(process)
        assert "Traceback" not in stderr
    assert processes(home) == {}


def answers(up: Up) -> bool:
    try:
        return up.ask("/health/live")[0] == 200
    except OSError:
        return False


def test_an_ingest_joins_the_running_stack_and_leaves_it_running(up: Up) -> None:
    before = processes(up.home)
    summary = answer(lookalike(up.environment, "ingest", up.images, "--json"))
    assert summary["unchanged"] == summary["found"] == 32
    assert processes(up.home) == before


def test_a_detached_ingest_is_finished_by_the_running_worker(up: Up) -> None:
    job = answer(lookalike(up.environment, "ingest", up.images, "--index", "detached", "--detach", "--json"))["job"]
    done = await_true(lambda: finished(up, job))
    assert (done["found"], done["indexed"]) == (32, 32)


def finished(up: Up, job: str) -> dict[str, Any] | None:
    status = answer(lookalike(up.environment, "status", job, "--json"))
    return status if status["state"] == "finished" else None


def test_a_second_stack_is_refused(up: Up) -> None:
    assert str(up.home) in lookalike(up.environment, "up", code=1).stderr


def test_doctor_finds_the_consuming_worker(up: Up) -> None:
    findings = answer(lookalike(up.environment, "doctor", "--json"))["findings"]
    assert next(item["detail"] for item in findings if item["what"] == "workers").startswith("lookalike-")
    lookalike(up.environment, "doctor", "--worker")


def test_a_posted_image_is_its_own_first_match(up: Up) -> None:
    image = sorted(up.images.glob("*/*"))[4]
    status, found = up.ask("/search?k=3", image.read_bytes())
    assert (status, len(found["matches"])) == (200, 3)
    assert found["matches"][0]["uri"] == str(image)
    status, others = up.ask(f"/search?id={found['matches'][0]['id']}&k=3")
    assert status == 200 and str(image) not in {match["uri"] for match in others["matches"]}


def test_a_ready_service_names_its_index_and_model(up: Up) -> None:
    status, ready = up.ask("/health/ready")
    assert status == 200 and "efficientnet-lite0" in ready["model"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/search", b"", 422),
        ("/search", b"no image", 422),
        ("/search?k=0", b"x", 400),
        ("/search?k=many", b"x", 400),
        ("/search?id=unknown", None, 404),
        ("/search", None, 400),
        ("/nowhere", None, 404),
    ],
)
def test_a_bad_request_gives_a_problem_without_a_traceback(up: Up, path: str, body: bytes | None, status: int) -> None:
    code, problem = up.ask(path, body)
    assert code == status
    assert "Traceback" not in problem["detail"]


def test_a_pickle_in_the_queue_is_refused_and_the_worker_goes_on(up: Up) -> None:
    app = Celery(broker=broker_url(up.home), set_as_current=False)
    app.conf.update(broker_transport_options={"global_keyprefix": KEY_PREFIX}, task_serializer="pickle")
    app.conf.accept_content = ["pickle"]
    app.send_task(INGEST_CHUNK, args=("forged/000000",), queue=QUEUE, serializer="pickle")
    log = up.home / "logs" / "worker.log"
    await_true(lambda: "Refused" in log.read_text())
    summary = answer(lookalike(up.environment, "ingest", up.images, "--json"))
    assert summary["unchanged"] == summary["found"]


def test_a_chunk_unknown_to_the_ledger_is_dropped(up: Up) -> None:
    send_chunk(make_app(broker_url(up.home)), "no-such-job/000000")
    log = up.home / "logs" / "worker.log"
    await_true(lambda: "no job 'no-such-job'" in log.read_text())

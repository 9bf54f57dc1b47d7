"""Runs a job in the images: creates an index, ingests, and searches.

Redis and OpenSearch run on this machine, started as in the tests.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from deploy.engines import Engine
from lookalike import __version__
from testing.services.ports import free_port

#: Long enough for a service to start on a busy machine.
READY_TIMEOUT_S = 180.0
API_KEY = "a-key-for-this-run-only"


class Failed(Exception):
    """An image does not work; `str()` says why."""


def tag_of(target: str) -> str:
    return f"lookalike-{target}:{__version__}"


class Trial:
    """Runs commands in the images with one environment; the photos are mounted at `/images`."""

    def __init__(self, engine: Engine, environment: dict[str, str], images: Path) -> None:
        self._engine = engine
        self._environment = {**environment, "LOOKALIKE_ROOTS": '["/images"]', "LOOKALIKE_API_KEY": API_KEY}
        self._images = images

    def run(self) -> None:
        """Create an index, ingest, search, and check the health of worker and service. Raises Failed."""
        self.said("producer", "lookalike", "index", "create", "images")
        port = str(free_port())
        url = f"http://127.0.0.1:{port}"
        with (
            self._started("worker", "lookalike", "worker", "--concurrency", "1"),
            self._started("api", "lookalike", "serve", "--port", port),
        ):
            done = json.loads(self.said("producer", "lookalike", "ingest", "/images", "--json").splitlines()[-1])
            if not done["found"] == done["indexed"] > 0:
                raise Failed(f"not everything was indexed: {done}")
            await_answer(f"{url}/health/ready")
            best = search(f"{url}/search", next(self._images.rglob("*.jpg")))
            self.said("worker", "lookalike", "doctor", "--worker")
            self._look()
        print(f"{done['indexed']} images indexed in {done['seconds']:.1f} s; the best match scores {best:.3f}")

    def _look(self) -> None:
        """Run the doctor in the producer image. Raises Failed."""
        command = self._command("producer", ("lookalike", "doctor", "--json"))
        findings = json.loads(subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[-1])[
            "findings"
        ]
        # The home of a container is read-only on purpose.
        wrong = [one for one in findings if one["is_fine"] is False and one["what"] != "home"]
        if wrong:
            raise Failed(f"lookalike doctor reports {wrong}")

    def said(self, target: str, *words: str) -> str:
        """The output of a command in an image. Raises Failed if the command fails."""
        done = subprocess.run(self._command(target, words), capture_output=True, text=True)
        if done.returncode:
            said = done.stderr or done.stdout
            raise Failed(f"{' '.join(words)} in {tag_of(target)} ended with {done.returncode}: {said}")
        return done.stdout

    @contextmanager
    def _started(self, target: str, *words: str) -> Iterator[None]:
        with tempfile.TemporaryFile("w+") as log:
            # In its own process group: Buildah does not forward signals.
            process = subprocess.Popen(self._command(target, words), stdout=log, stderr=log, start_new_session=True)
            try:
                yield
            except BaseException:
                log.seek(0)
                print(f"{tag_of(target)} said:\n{log.read()[-4000:]}", file=sys.stderr)
                raise
            finally:
                end(process)

    def _command(self, target: str, words: tuple[str, ...]) -> list[str]:
        return self._engine.command(tag_of(target), words, self._environment, {self._images: "/images"})


def end(process: "subprocess.Popen[bytes]", timeout_s: float = 30) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def search(url: str, image: Path) -> float:
    """The score of the best match. Raises Failed if there is none."""
    headers = {"X-API-Key": API_KEY, "Content-Type": "application/octet-stream"}
    with urlopen(Request(url, data=image.read_bytes(), headers=headers), timeout=60) as answer:
        matches = json.load(answer)["matches"]
    if not matches:
        raise Failed("the search found nothing")
    return float(matches[0]["score"])


def await_answer(url: str) -> None:
    """Wait until `url` answers. Raises Failed after READY_TIMEOUT_S."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise Failed(f"{url} is not ready after {READY_TIMEOUT_S:.0f} s: {error}") from error
            time.sleep(0.5)

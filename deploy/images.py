"""`make images`: build every target of the Dockerfile, look into each, and run a real job through them.

The job's Redis and OpenSearch are those of the tests, reached over the network of this machine.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from cli.samples import draw_samples
from deploy.engines import Engine, Missing, find_engine
from lookalike import __version__
from tests.services.opensearch import OpenSearchServer
from tests.services.ports import free_port
from tests.services.redis import RedisServer

#: Target -> what must not be in it. worker-gpu takes gigabytes of CUDA, so it is built only where it is asked for.
LEFT_OUT = {
    "producer": ("keras", "tensorflow", "openvino"),
    "flower": ("keras", "tensorflow", "openvino"),
    "api": ("keras", "tensorflow"),
    "worker": (),
}
USER_ID = 10001
PICTURES_PER_CLASS = 2
#: For a worker or a service to be ready on a busy machine.
READY_TIMEOUT_S = 180.0

LOOK = """
import importlib.util, json, os, sys
there = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
print(json.dumps({"user": os.getuid(), "there": there}))
"""


class Failed(Exception):
    """An image is not what it should be."""


def tag_of(target: str) -> str:
    return f"lookalike-{target}:{__version__}"


def build(engine: Engine, model: str, targets: list[str]) -> None:
    for target in targets:
        began = time.monotonic()
        engine.build(target, tag_of(target), {"MODEL": model})
        print(f"{tag_of(target)}: built in {time.monotonic() - began:.0f} s", flush=True)


def look_into(engine: Engine, target: str) -> None:
    """Its user, and what was left out. Raises Failed."""
    tag, left_out = tag_of(target), LEFT_OUT.get(target, ())
    seen = json.loads(_said(engine, target, ["python", "-c", LOOK, *left_out], {}, {}).splitlines()[-1])
    if seen["user"] != USER_ID:
        raise Failed(f"{tag} runs as user {seen['user']}, not {USER_ID}")
    if seen["there"]:
        raise Failed(f"{tag} holds {', '.join(seen['there'])}, which belongs into the worker's alone")
    print(f"{tag}: {engine.size_bytes(tag) / 1e6:,.0f} MB, user {USER_ID}, without {left_out or 'nothing'}", flush=True)


def run_job(engine: Engine, pictures: Path, redis_url: str, index_url: str) -> None:
    """Producer, worker and api each in its image: create, ingest, search, and the health checks. Raises Failed."""
    port = free_port()
    folders = {pictures: "/images"}
    environment = {
        "LOOKALIKE_BROKER_URL": redis_url,
        "LOOKALIKE_INDEX_URL": index_url,
        "LOOKALIKE_ROOTS": '["/images"]',
        "LOOKALIKE_MODEL": os.environ["LOOKALIKE_MODEL"],
        "LOOKALIKE_API_KEY": "a-key-for-this-run-only",
    }
    print(_said(engine, "producer", ["lookalike", "doctor"], environment, {}), flush=True)
    _said(engine, "producer", ["lookalike", "index", "create", "images"], environment, {})
    serve = ["lookalike", "serve", "--host", "127.0.0.1", "--port", str(port)]
    worker = ["lookalike", "worker", "--concurrency", "1"]
    with (
        _started(engine, "worker", worker, environment, folders),
        _started(engine, "api", serve, environment, folders),
    ):
        ingest = ["lookalike", "ingest", "/images", "--json"]
        done = json.loads(_said(engine, "producer", ingest, environment, folders).splitlines()[-1])
        if not done["found"] == done["indexed"] > 0:
            raise Failed(f"not everything was indexed: {done}")
        _await_ready(f"http://127.0.0.1:{port}/health/ready")
        matches = _search(f"http://127.0.0.1:{port}/search", next(pictures.rglob("*.jpg")), environment)
        _said(engine, "worker", ["lookalike", "doctor", "--worker"], environment, {})
        print(f"{done['indexed']} pictures indexed in {done['seconds']:.1f} s; best match {matches[0]['score']:.3f}")


def _search(url: str, picture: Path, environment: dict[str, str]) -> list[dict[str, float]]:
    headers = {"X-API-Key": environment["LOOKALIKE_API_KEY"], "Content-Type": "application/octet-stream"}
    with urlopen(Request(url, data=picture.read_bytes(), headers=headers), timeout=60) as answer:
        matches: list[dict[str, float]] = json.load(answer)["matches"]
    if not matches:
        raise Failed("the search found nothing")
    return matches


def _await_ready(url: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise Failed(f"{url} is never ready: {error}") from error
            time.sleep(0.5)


def _said(engine: Engine, target: str, words: list[str], environment: dict[str, str], folders: dict[Path, str]) -> str:
    """What a command in an image printed. Raises Failed where it fails."""
    command = engine.command(tag_of(target), words, environment, folders)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(
            f"{' '.join(words)} in {tag_of(target)} ended with {done.returncode}: {done.stderr or done.stdout}"
        )
    return done.stdout


@contextmanager
def _started(
    engine: Engine, target: str, words: list[str], environment: dict[str, str], folders: dict[Path, str]
) -> Iterator[None]:
    command = engine.command(tag_of(target), words, environment, folders)
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        except BaseException:
            log.seek(0)
            print(f"{tag_of(target)} said:\n{log.read()[-4000:]}", file=sys.stderr)
            raise
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def main() -> None:
    """Exit code 1 and a sentence where an image is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="efficientnet-lite0", help="what is baked in")
    parser.add_argument("--gpu", action="store_true", help="build worker-gpu as well; it is not run")
    arguments = parser.parse_args()
    os.environ["LOOKALIKE_MODEL"] = arguments.model
    try:
        with ExitStack() as ending:
            engine = ending.enter_context(closing(find_engine()))
            build(engine, arguments.model, [*LEFT_OUT, *(["worker-gpu"] if arguments.gpu else [])])
            for target in LEFT_OUT:
                look_into(engine, target)
            pictures = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="lookalike-images-")))
            pictures.chmod(0o755)
            draw_samples(pictures, per_class=PICTURES_PER_CLASS, seed=1)
            redis, opensearch = ending.enter_context(RedisServer()), ending.enter_context(OpenSearchServer())
            run_job(engine, pictures, redis.url, opensearch.url)
    except (Failed, Missing) as failure:
        sys.exit(str(failure))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, error.cmd[:3]))} failed with {error.returncode}.")


if __name__ == "__main__":
    main()

"""Handles on both indexes: LanceDB with the embedded stack, and OpenSearch with a Redis and a worker that run."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lookalike
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Ledger
from testing.processes import make_home, processes, started
from testing.services.opensearch import left_as_found
from tests.browser.stage import LABELS


@dataclass(frozen=True)
class Filled:
    """A handle, the keywords that open another one like it, and the report on its first ingest."""

    images: lookalike.ImageIndex
    options: dict[str, Any]
    report: lookalike.Report


@pytest.fixture(scope="module", params=["lancedb", "opensearch"])
def options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Keywords for `lookalike.open`. After the last test, no process of a handle may be left."""
    home = make_home(tmp_path_factory.mktemp("python"), request.getfixturevalue("model_home"))
    chosen: dict[str, Any] = {"home": home, "concurrency": 1, "chunk_size": 8}
    with ExitStack() as ending:
        if request.param == "opensearch":
            chosen["index_url"] = ending.enter_context(left_as_found(request.getfixturevalue("opensearch_server")))
            chosen["broker_url"] = request.getfixturevalue("broker_url")
            variables = {f"LOOKALIKE_{name.upper()}": str(value) for name, value in chosen.items()}
            ending.enter_context(started({**os.environ, **variables}, "worker"))
        yield chosen
    assert processes(home) == {}


@pytest.fixture(scope="module")
def filled(options: dict[str, Any], drawn: tuple[Path, Path]) -> Iterator[Filled]:
    with lookalike.open("images", **options) as images:
        yield Filled(images, options, images.ingest(drawn[0], progress=False))


@pytest.fixture
def embedded(tmp_path: Path, model_home: Path) -> Iterator[dict[str, Any]]:
    """Keywords for an embedded stack that only one test uses."""
    home = make_home(tmp_path, model_home)
    yield {"home": home, "concurrency": 1}
    assert processes(home) == {}


def many_images(drawn: Path, folder: Path, count: int) -> Path:
    """A folder of `count` different files that show the same image."""
    image = next((drawn / LABELS[0]).glob("*.*")).read_bytes()
    folder.mkdir()
    for number in range(count):
        # Decoders ignore bytes after the end of an image, but they make it a different file.
        (folder / f"{number}.jpg").write_bytes(image + number.to_bytes(4))
    return folder


def jobs_done(home: Path) -> int:
    """How many images are done of the job that runs in the embedded stack of a home."""
    ledger = Ledger(broker_url(home))
    try:
        return sum(job.done for job in ledger.active_jobs())
    except BrokerUnavailable:
        return 0
    finally:
        ledger.close()

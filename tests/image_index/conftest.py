"""Handles on both indexes: LanceDB with the embedded stack, and OpenSearch with a Redis and a worker that run."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lookalike
from testing.processes import make_home, processes, started
from testing.services.opensearch import left_as_found


@dataclass(frozen=True)
class Filled:
    """A handle, the keywords that open another one like it, and the report on its first ingest."""

    images: lookalike.ImageIndex
    options: dict[str, Any]
    report: lookalike.Report


@pytest.fixture(scope="module", params=["lancedb", "opensearch"])
def options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Keywords for `lookalike.open`. Nothing that a handle starts is there after the last test."""
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
    """Keywords for an embedded stack of one test alone."""
    home = make_home(tmp_path, model_home)
    yield {"home": home, "concurrency": 1}
    assert processes(home) == {}

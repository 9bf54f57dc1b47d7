"""Where commands run: with a stack kept running for a module's tests, so that a command costs no start, or alone."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lookalike.index import list_indexes
from testing.processes import await_true, lookalike, make_home, processes, started, stop
from testing.services.opensearch import left_as_found
from testing.services.ports import free_port

#: For what the index has no part in, which needs no second run.
one_index = pytest.mark.parametrize("running", ["lancedb"], indirect=True)


@pytest.fixture(scope="module", params=["lancedb", "opensearch"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands that find broker and worker running."""
    home = make_home(tmp_path_factory.mktemp("running"), request.getfixturevalue("model_home"))
    environment = {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_CHUNK_SIZE": "8"}
    with ExitStack() as ending:
        if request.param == "opensearch":
            server = request.getfixturevalue("opensearch_server")
            environment["LOOKALIKE_INDEX_URL"] = ending.enter_context(left_as_found(server))
        process = ending.enter_context(started(environment, "up", "--port", free_port()))
        await_true(lambda: (home / "run" / "worker").exists() or process.poll() is not None)
        lookalike(environment, "status")
        yield environment
        _, stderr = stop(process)
        assert "Traceback" not in stderr
    assert processes(home) == {}


@pytest.fixture
def environment(running: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The same, with an index for this test alone."""
    name = f"test-{abs(hash(request.node.name)):x}"
    return {**running, "LOOKALIKE_INDEX": name}


@pytest.fixture(params=["lancedb", "opensearch"])
def alone(request: pytest.FixtureRequest, tmp_path: Path, model_home: Path) -> Iterator[dict[str, str]]:
    """Nothing runs: a home with a model and an empty index, and a place for temporary files that can be looked into."""
    (tmp_path / "temporary").mkdir()
    home = make_home(tmp_path, model_home)
    made = {**os.environ, "LOOKALIKE_HOME": str(home), "TMPDIR": str(tmp_path / "temporary")}
    made["LOOKALIKE_INDEX_URL"] = f"lancedb://{home}/index"
    if request.param == "lancedb":
        yield made
    else:
        with left_as_found(request.getfixturevalue("opensearch_server")) as url:
            yield {**made, "LOOKALIKE_INDEX_URL": url}


def left_behind(environment: dict[str, str]) -> list[str]:
    """What a command that runs alone has left: indexes and temporary folders."""
    names = [info.name for info in list_indexes(environment["LOOKALIKE_INDEX_URL"])]
    names += [path.name for path in Path(environment["TMPDIR"]).iterdir() if path.name.startswith("lookalike-")]
    return names

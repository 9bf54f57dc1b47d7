"""The stack kept running for a module's tests, on each index, so that a command costs no start."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.running import await_true, lookalike, make_home, processes, started, stop
from tests.services.opensearch import left_as_found
from tests.services.ports import free_port

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

"""The environments in which commands run: with a stack that is already running, or alone."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lookalike.index import list_indexes
from lookalike.samples import draw_samples
from testing.processes import await_true, lookalike, make_home, processes, started, stop
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.ports import free_port

#: For tests that do not depend on the index: they run on one index only.
one_index = pytest.mark.parametrize("running", ["lancedb"], indirect=True)


def drawn_files(folder: Path, *, per_class: int) -> list[bytes]:
    """The drawn pictures of each class, as files."""
    draw_samples(folder, per_class=per_class)
    return [path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()]


@pytest.fixture(scope="package")
def lancedb_stack(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[dict[str, str]]:
    with running_stack(make_home(tmp_path_factory.mktemp("running"), model_home)) as environment:
        yield environment


@pytest.fixture(scope="package")
def opensearch_stack(
    tmp_path_factory: pytest.TempPathFactory, model_home: Path, opensearch_server: OpenSearchServer
) -> Iterator[dict[str, str]]:
    home = make_home(tmp_path_factory.mktemp("running"), model_home)
    with running_stack(home, LOOKALIKE_INDEX_URL=opensearch_server.url) as environment:
        yield environment


@contextmanager
def running_stack(home: Path, **settings: str) -> Iterator[dict[str, str]]:
    """Keep broker and worker running, and yield the environment of commands that use them."""
    environment = {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_CHUNK_SIZE": "8", **settings}
    with started(environment, "up", "--port", free_port()) as process:
        await_true(lambda: (home / "run" / "worker").exists() or process.poll() is not None)
        lookalike(environment, "status")
        yield environment
        _, stderr = stop(process)
        assert "Traceback" not in stderr
    assert processes(home) == {}


@pytest.fixture(params=["lancedb", "opensearch"])
def running(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of commands that find broker and worker running; all tests of this folder share it."""
    environment: dict[str, str] = request.getfixturevalue(f"{request.param}_stack")
    return environment


@pytest.fixture
def environment(running: dict[str, str], request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment of `running`, with an index of its own for each test."""
    name = f"test-{abs(hash(request.node.name)):x}"
    with ExitStack() as exits:
        if "LOOKALIKE_INDEX_URL" in running:
            exits.enter_context(left_as_found(request.getfixturevalue("opensearch_server")))
        yield {**running, "LOOKALIKE_INDEX": name}


@pytest.fixture(params=["lancedb", "opensearch"])
def alone(request: pytest.FixtureRequest, tmp_path: Path, model_home: Path) -> Iterator[dict[str, str]]:
    """An environment in which nothing runs: a home with a model, an empty index, and a folder for temporary files."""
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
    """The indexes and temporary folders that a command left behind."""
    names = [info.name for info in list_indexes(environment["LOOKALIKE_INDEX_URL"])]
    names += [path.name for path in Path(environment["TMPDIR"]).iterdir() if path.name.startswith("lookalike-")]
    return names

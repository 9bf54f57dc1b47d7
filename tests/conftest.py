"""Fixtures that bring up the real services and a filled index, once per run and only when a test asks."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from lookalike.embedding import build_artifact, resolve
from lookalike.records import ImageRef
from lookalike.settings import Settings, read_settings
from testing.processes import make_home
from testing.services import ServiceMissing
from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.services.redis import RedisServer
from tests.browser.stage import LABELS, draw, fill

OPENSEARCH_MISSING = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis that tests may kill; the next test finds it running again."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    redis_server.revive()
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LOOKALIKE_HOME in which the default model is built: once for all tests that run the program."""
    home = tmp_path_factory.mktemp("model-home")
    build_artifact(resolve("efficientnet-lite0"), home)
    return home


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of stored images and of queries, a folder a label; one stored file is no image."""
    images, queries = draw(tmp_path_factory.mktemp("drawn"))
    (images / LABELS[0] / "text.jpg").write_text("no image")
    return images, queries


@pytest.fixture(scope="session")
def stored(drawn: tuple[Path, Path]) -> list[ImageRef]:
    """What the index holds."""
    images = sorted(path for path in drawn[0].rglob("*") if path.is_file() and path.name != "text.jpg")
    return [ImageRef(str(path), path.parent.name) for path in images]


@pytest.fixture(scope="session")
def query(drawn: tuple[Path, Path]) -> bytes:
    """An encoded image that is not stored."""
    return next((drawn[1] / LABELS[0]).iterdir()).read_bytes()


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def lance(
    tmp_path_factory: pytest.TempPathFactory, model_home: Path, broker_url: str, drawn: tuple[Path, Path]
) -> Settings:
    """Of a filled LanceDB."""
    home = make_home(tmp_path_factory.mktemp("filled"), model_home)
    settings = read_settings(home=home, broker_url=broker_url, roots=(drawn[0],))
    fill(settings, broker_url, drawn[0])
    return settings


@pytest.fixture(scope="session")
def opensearch_server(pytestconfig: pytest.Config) -> Iterator[OpenSearchServer]:
    """An OpenSearch that tests may kill if it `is_ours`; skips where none can be had, fails if one must be."""
    server = OpenSearchServer()
    try:
        server.start()
    except ServiceMissing as missing:
        if os.environ.get("CI") or os.environ.get("LOOKALIKE_REQUIRE_SERVICES"):
            pytest.fail(f"OpenSearch is required here: {missing}", pytrace=False)
        pytestconfig.stash[OPENSEARCH_MISSING] = str(missing)
        pytest.skip(f"no OpenSearch: {missing}")
    yield server
    server.stop()


@pytest.fixture
def opensearch_url(opensearch_server: OpenSearchServer) -> Iterator[str]:
    """The URL of an OpenSearch; every index that appears during the test is deleted after it."""
    with left_as_found(opensearch_server) as url:
        yield url


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the very last line, because a skip in the middle of a run goes unseen."""
    reason = config.stash.get(OPENSEARCH_MISSING, "")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reason and reporter:
        reporter.write_line(f"OpenSearch tests skipped: {' '.join(reason.split())}")

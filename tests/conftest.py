"""Fixtures that bring up the real services, once per run and only when a test asks."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from lookalike.embedding import build_artifact, resolve
from tests.services import ServiceMissing
from tests.services.opensearch import OpenSearchServer, left_as_found
from tests.services.redis import RedisServer

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

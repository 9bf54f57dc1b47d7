"""A program rejects permanent problems when it starts, and waits for services that are away."""

from pathlib import Path

import pytest
import redis

from lookalike import preflight
from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, DiskFull, UnsupportedService
from lookalike.index import open_index
from lookalike.settings import Settings, read_settings
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer
from tests.index.documents import COSINE
from tests.library_variables import ALL, KEPT

ABSENT = f"127.0.0.1:{free_port()}"


@pytest.fixture
def away(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path, broker_url=f"redis://{ABSENT}", index_url=f"http://{ABSENT}")


def test_worker_and_query_service_wait_for_absent_services_and_an_ingest_does_not(away: Settings) -> None:
    preflight.before_working(away, f"redis://{ABSENT}")
    preflight.before_serving(away)
    with pytest.raises(BrokerUnavailable):
        preflight.before_writing(away, f"redis://{ABSENT}")


def test_a_replica_stops_every_program(tmp_path: Path, redis_url: str) -> None:
    settings = read_settings(home=tmp_path, broker_url=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.replicaof("127.0.0.1", 9)
        try:
            for check in (preflight.before_writing, preflight.before_working):
                with pytest.raises(UnsupportedService, match="replica"):
                    check(settings, redis_url)
            with pytest.raises(UnsupportedService, match="replica"):
                preflight.before_serving(settings)
        finally:
            client.replicaof("NO", "ONE")


def test_a_server_that_is_not_opensearch_stops_every_program(tmp_path: Path, redis_url: str) -> None:
    with StubHttpServer("{}") as server:
        settings = read_settings(home=tmp_path, broker_url=redis_url, index_url=server.url)
        for check in (preflight.before_writing, preflight.before_working):
            with pytest.raises(UnsupportedService, match="not an OpenSearch server"):
                check(settings, redis_url)
        with pytest.raises(UnsupportedService, match="not an OpenSearch server"):
            preflight.before_serving(settings)


def test_opensearch_is_reached_without_the_proxy_of_the_environment(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (ALL | KEPT).items():
        monkeypatch.setenv(name, value)
    with StubHttpServer("{}") as server, pytest.raises(UnsupportedService, match="not an OpenSearch server"):
        preflight.before_serving(read_settings(home=tmp_path, broker_url=redis_url, index_url=server.url))


def test_a_full_disk_of_the_index_stops_an_ingest_and_not_a_search(
    tmp_path: Path, redis_url: str, opensearch_url: str
) -> None:
    open_index(opensearch_url, "images").ensure(COSINE)
    request(opensearch_url, "PUT", "/images-v1/_settings", {"index.blocks.read_only_allow_delete": True})
    settings = read_settings(home=tmp_path, broker_url=redis_url, index_url=opensearch_url)
    with pytest.raises(DiskFull, match="flood-stage"):
        preflight.before_writing(settings, redis_url)
    preflight.before_working(settings, redis_url)
    preflight.before_serving(settings)


def test_a_root_that_is_not_mounted_stops_a_worker(tmp_path: Path, redis_url: str) -> None:
    settings = read_settings(home=tmp_path, broker_url=redis_url, roots=(tmp_path, tmp_path / "gone"))
    with pytest.raises(BadSetting, match=f"{tmp_path}/gone of LOOKALIKE_ROOTS"):
        preflight.before_working(settings, redis_url)


def test_a_read_only_home_stops_the_programs_that_write_there(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "file").touch()
    settings = read_settings(home=tmp_path / "file" / "home", broker_url=redis_url)
    with pytest.raises(AccessDenied, match="LOOKALIKE_HOME"):
        preflight.before_working(settings, redis_url)
    with pytest.raises(AccessDenied, match="LOOKALIKE_HOME"):
        preflight.before_serving(settings)


def test_a_risk_is_logged_and_stops_nothing(tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        preflight.before_working(read_settings(home=tmp_path), redis_url)
        client.config_set("maxmemory-policy", "noeviction")
    assert "maxmemory-policy is allkeys-lru" in caplog.text

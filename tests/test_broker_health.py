"""A broker that is unfit for the queue and the ledger is rejected, and risks are reported."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from lookalike.addresses import plain_address
from lookalike.broker_health import BrokerHealth, check_broker, read_health
from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, DiskFull, UnsupportedService
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer, StubRedis


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    """Of a Redis whose settings are restored afterwards."""
    with redis.Redis.from_url(redis_url) as client:
        names = ("maxmemory", "maxmemory-policy", "appendonly")
        before = {name: client.config_get(name)[name] for name in names}
        yield client
        client.replicaof("NO", "ONE")
        for name, value in before.items():
            client.config_set(name, value)


def diagnostics(url: str) -> str:
    return " ".join(f"{diagnostic.what} {diagnostic.advice}" for diagnostic in check_broker(read_health(url)))


def test_a_healthy_redis_gives_no_diagnostic(redis_url: str) -> None:
    found = read_health(redis_url)
    assert check_broker(found) == []
    assert found.version >= "7" and abs(found.skew_s) < 1


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [
        ("maxmemory-policy", "allkeys-lru", "maxmemory-policy is allkeys-lru"),
        ("appendonly", "no", "Set appendonly yes"),
        ("maxmemory", "600kb", "Raise maxmemory"),
    ],
)
def test_settings_that_can_lose_jobs_are_reported(
    setting: str, value: str, text: str, client: "redis.Redis", redis_url: str
) -> None:
    client.config_set(setting, value)
    assert text in diagnostics(redis_url)


def test_a_replica_is_rejected_with_the_address_of_its_primary(client: "redis.Redis", redis_url: str) -> None:
    client.replicaof("127.0.0.1", 9)
    with pytest.raises(UnsupportedService, match="is a read-only replica") as error:
        diagnostics(redis_url)
    assert "127.0.0.1:9" in str(error.value)


def test_a_user_without_the_info_command_can_work_and_gets_a_diagnostic(client: "redis.Redis", redis_url: str) -> None:
    client.acl_setuser("worker", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", "-info"])
    try:
        assert "+info" in diagnostics(redis_url.replace("://", "://worker:secret@"))
    finally:
        client.acl_deluser("worker")


def test_a_wrong_password_is_access_denied(redis_url: str) -> None:
    with pytest.raises(AccessDenied) as error:
        read_health(redis_url.replace("://", "://someone:hunter2@"))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("version", "is_accepted"), [("5.0.14", False), ("6.0.0", True)])
def test_an_old_redis_is_rejected_with_the_required_version(version: str, is_accepted: bool) -> None:
    with StubRedis(version) as server:
        found = read_health(server.url)
    if is_accepted:
        assert check_broker(found) == []
    else:
        with pytest.raises(UnsupportedService, match=rf"is Redis {version}; lookalike needs 6\.0 or later"):
            check_broker(found)


def test_a_web_server_is_rejected() -> None:
    with StubHttpServer("{}") as server, pytest.raises(UnsupportedService, match="is not a Redis server"):
        read_health(server.url.replace("http", "redis"))


def test_an_absent_broker_is_unavailable_and_not_unsupported() -> None:
    with pytest.raises(BrokerUnavailable):
        read_health(f"redis://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("url", ["redis://u:hunter2@h:port", "redis://[u:hunter2@h"])
def test_an_invalid_url_is_rejected_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="LOOKALIKE_BROKER_URL") as error:
        read_health(url)
    assert "hunter2" not in str(error.value)


def test_a_failed_write_of_the_append_only_file_is_a_full_disk(redis_url: str) -> None:
    found = read_health(redis_url)
    with pytest.raises(DiskFull, match="append-only file"):
        check_broker(replace(found, info={**found.info, "aof_last_write_status": "err"}))


@pytest.mark.parametrize(("skew_s", "side"), [(60.0, "60 s ahead of the clock"), (-60.0, "60 s behind the clock")])
def test_a_wrong_clock_is_reported(redis_url: str, skew_s: float, side: str) -> None:
    found = read_health(redis_url)
    diagnostic = check_broker(replace(found, skew_s=skew_s))[0]
    assert side in diagnostic.what and plain_address(redis_url) in diagnostic.what
    assert check_broker(BrokerHealth("x", 1.0, found.info)) == []

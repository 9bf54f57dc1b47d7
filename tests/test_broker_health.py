"""A broker that cannot carry queue and ledger is told from one that can, and what threatens them is warned of."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from lookalike.addresses import plain_address
from lookalike.broker_health import BrokerCondition, check_broker, read_condition
from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, DiskFull, UnsupportedService
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer, StubRedis


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    """Of a Redis that is as it was afterwards."""
    with redis.Redis.from_url(redis_url) as client:
        names = ("maxmemory", "maxmemory-policy", "appendonly")
        before = {name: client.config_get(name)[name] for name in names}
        yield client
        client.replicaof("NO", "ONE")
        for name, value in before.items():
            client.config_set(name, value)


def concerns(url: str) -> str:
    return " ".join(f"{concern.what} {concern.advice}" for concern in check_broker(read_condition(url)))


def test_a_redis_as_it_should_be_gives_no_concern(redis_url: str) -> None:
    found = read_condition(redis_url)
    assert check_broker(found) == []
    assert found.version >= "7" and abs(found.skew_s) < 1


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("maxmemory-policy", "allkeys-lru", "maxmemory-policy is allkeys-lru"),
        ("appendonly", "no", "Set appendonly yes"),
        ("maxmemory", "600kb", "Raise maxmemory"),
    ],
)
def test_what_could_lose_jobs_is_warned_of(
    setting: str, value: str, said: str, client: "redis.Redis", redis_url: str
) -> None:
    client.config_set(setting, value)
    assert said in concerns(redis_url)


def test_a_replica_is_refused_with_its_primary_named(client: "redis.Redis", redis_url: str) -> None:
    client.replicaof("127.0.0.1", 9)
    with pytest.raises(UnsupportedService, match="is a replica") as error:
        concerns(redis_url)
    assert "127.0.0.1:9" in str(error.value)


def test_a_user_who_may_not_ask_is_told_so_and_can_work(client: "redis.Redis", redis_url: str) -> None:
    client.acl_setuser("worker", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", "-info"])
    try:
        assert "+info" in concerns(redis_url.replace("://", "://worker:secret@"))
    finally:
        client.acl_deluser("worker")


def test_a_wrong_password_is_no_absent_broker(redis_url: str) -> None:
    with pytest.raises(AccessDenied) as error:
        read_condition(redis_url.replace("://", "://someone:hunter2@"))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("version", "is_taken"), [("5.0.14", False), ("6.0.0", True)])
def test_an_old_redis_is_refused_with_the_version_it_must_have(version: str, is_taken: bool) -> None:
    with StubRedis(version) as server:
        found = read_condition(server.url)
    if is_taken:
        assert check_broker(found) == []
    else:
        with pytest.raises(UnsupportedService, match=rf"is Redis {version}; lookalike needs 6\.0 or later"):
            check_broker(found)


def test_a_web_server_is_no_redis() -> None:
    with StubHttpServer("{}") as server, pytest.raises(UnsupportedService, match="is no Redis"):
        read_condition(server.url.replace("http", "redis"))


def test_an_absent_broker_is_away_and_not_unfit() -> None:
    with pytest.raises(BrokerUnavailable):
        read_condition(f"redis://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("url", ["redis://u:hunter2@h:port", "redis://[u:hunter2@h"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="LOOKALIKE_BROKER_URL") as error:
        read_condition(url)
    assert "hunter2" not in str(error.value)


def test_an_append_only_file_that_cannot_be_written_is_a_full_disk(redis_url: str) -> None:
    found = read_condition(redis_url)
    with pytest.raises(DiskFull, match="append-only file"):
        check_broker(replace(found, said={**found.said, "aof_last_write_status": "err"}))


@pytest.mark.parametrize(("skew_s", "side"), [(60.0, "60 s ahead of ours"), (-60.0, "60 s behind ours")])
def test_a_clock_that_is_off_is_warned_of(redis_url: str, skew_s: float, side: str) -> None:
    found = read_condition(redis_url)
    concern = check_broker(replace(found, skew_s=skew_s))[0]
    assert side in concern.what and plain_address(redis_url) in concern.what
    assert check_broker(BrokerCondition("x", 1.0, found.said)) == []

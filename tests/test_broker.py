"""What Redis answers when it refuses a command: the advice fits the reason."""

import pickle
from collections.abc import Iterator

import pytest
import redis

from lookalike.broker import REFUSALS, broker_error
from lookalike.errors import BrokerRefuses, BrokerUnavailable
from lookalike.ledger import Ledger
from lookalike.queue import make_app, queued_ids, send_chunk, send_chunks
from lookalike.records import Metric, ModelIdentity

MODEL = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as connected:
        yield connected
        connected.config_set("maxmemory", 0)
        connected.replicaof("NO", "ONE")


def refused(redis_url: str) -> BrokerUnavailable:
    ledger = Ledger(redis_url)
    with pytest.raises(BrokerUnavailable) as raised:
        ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")
    ledger.close()
    return raised.value


def test_a_redis_without_memory_is_named(client: "redis.Redis", redis_url: str) -> None:
    client.config_set("maxmemory", 1)
    error = refused(redis_url)
    assert "maxmemory" in error.advice and "Start it" not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_redis_without_memory_takes_no_messages(client: "redis.Redis", redis_url: str) -> None:
    with make_app(redis_url) as app:
        send_chunk(app, "job/000000")
        client.config_set("maxmemory", 1)
        with pytest.raises(BrokerRefuses) as raised:
            send_chunks(app, ["job/000001", "job/000002"])
        assert "maxmemory" in raised.value.advice and "LPUSH" not in str(raised.value)
        client.config_set("maxmemory", 0)
        send_chunks(app, ["job/000001", "job/000002"])
        assert queued_ids(app) == {f"job/00000{number}" for number in range(3)}


def test_a_replica_is_named(client: "redis.Redis", redis_url: str) -> None:
    client.replicaof("127.0.0.1", "1")
    assert "primary" in refused(redis_url).advice


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("MISCONF Errors writing to the AOF file: No space left on device", "Free some space on the disk of Redis"),
        ("LOADING Redis is loading the dataset in memory", "Wait"),
        ("max number of clients reached", "maxclients"),
    ],
)
def test_every_refusal_has_its_advice(said: str, advice: str) -> None:
    error = broker_error(redis.exceptions.ResponseError(said), "redis://somewhere")
    assert isinstance(error, BrokerRefuses) and advice in str(error) and "unset it" not in str(error)


def test_a_redis_that_is_away_keeps_the_advice_to_start_it() -> None:
    error = broker_error(redis.exceptions.ConnectionError("Connection refused"), "redis://somewhere")
    assert type(error) is BrokerUnavailable and "Start it" in str(error)
    assert len(set(REFUSALS.values())) == len(REFUSALS) - 1

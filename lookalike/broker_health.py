"""Whether a broker is fit for the queue and the ledger, from what it reports about itself. Writes nothing."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import redis

from lookalike.addresses import plain_address
from lookalike.broker import broker_error, client_url
from lookalike.errors import DiskFull, LookalikeError, UnsupportedService
from lookalike.records import Diagnostic

#: redis-py opens every connection with HELLO, which is new in this version; kombu and the ledger use older commands.
LEAST_VERSION = (6, 0)
#: Longest wait for an answer; a healthy Redis answers in a millisecond.
TIMEOUT_S = 5.0
#: Leases use only Redis's clock. Ages, durations and the order of jobs compare clocks of several machines.
MOST_SKEW_S = 5.0
#: Part of maxmemory; under `noeviction` Redis rejects writes when all of it is used.
NEARLY_FULL = 0.9
#: First bytes of all answers of Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/).
FIRST_BYTES = b"+-:$*"


@dataclass(frozen=True)
class BrokerHealth:
    """`info` is the answer to INFO, empty if our user may not ask; `skew_s` is how far its clock is ahead of ours."""

    address: str
    skew_s: float
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.info.get("redis_version", ""))


def read_health(broker_url: str) -> BrokerHealth:
    """Ask the broker for its state.

    Raises BrokerUnavailable, AccessDenied, and UnsupportedService if the server is not Redis.
    """
    url = client_url(broker_url)
    # Old servers understand only the older protocol.
    client = redis.Redis.from_url(url, protocol=2, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    address = plain_address(broker_url)
    try:
        before = time.time()
        seconds, microseconds = client.time()
        skew_s = seconds + microseconds / 1e6 - (before + time.time()) / 2
        return BrokerHealth(address, skew_s, _info(client))
    except redis.exceptions.RedisError as error:
        raise _translated(error, broker_url) from error
    finally:
        client.close()


def check_broker(found: BrokerHealth) -> list[Diagnostic]:
    """What could become a problem. Raises UnsupportedService or DiskFull if no job could run on this broker."""
    if not found.info:
        what = f"The broker at {found.address} denied the INFO command, so its state is unknown."
        return [*_skew(found), Diagnostic(what, "Allow it for the user of LOOKALIKE_BROKER_URL: +info.")]
    _reject_unfit(found)
    return [*_skew(found), *_durability(found), *_memory(found)]


def _info(client: "redis.Redis") -> Mapping[str, Any]:
    try:
        return dict(client.info())
    except redis.exceptions.NoPermissionError:
        return {}


def _reject_unfit(found: BrokerHealth) -> None:
    info = found.info
    if _numbers(found.version) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        what = f"The broker at {found.address} is Redis {found.version}; lookalike needs {least} or later."
        raise UnsupportedService(what, "Upgrade it, or unset LOOKALIKE_BROKER_URL to use the embedded broker.")
    if info.get("role") == "slave":
        primary = f"{info.get('master_host')}:{info.get('master_port')}"
        what = f"The broker at {found.address} is a read-only replica."
        raise UnsupportedService(what, f"Set LOOKALIKE_BROKER_URL to its primary, {primary}.")
    if info.get("aof_last_write_status", "ok") != "ok":
        what = f"The broker at {found.address} cannot write its append-only file and rejects every write."
        raise DiskFull(what, "Free space on its disk.")


def _skew(found: BrokerHealth) -> list[Diagnostic]:
    if abs(found.skew_s) <= MOST_SKEW_S:
        return []
    side = "ahead of" if found.skew_s > 0 else "behind"
    what = f"The clock of the broker at {found.address} is {abs(found.skew_s):,.0f} s {side} the clock of this machine."
    return [Diagnostic(what, "Synchronize both clocks (NTP); until then, ages and durations of jobs are wrong.")]


def _durability(found: BrokerHealth) -> list[Diagnostic]:
    diagnostics = []
    if (policy := found.info.get("maxmemory_policy", "noeviction")) != "noeviction":
        what = f"The broker at {found.address} may evict the queue and the ledger: maxmemory-policy is {policy}."
        diagnostics.append(Diagnostic(what, "Set it to noeviction."))
    if not found.info.get("aof_enabled", 1):
        what = f"The broker at {found.address} has no append-only file: a restart loses the running jobs."
        diagnostics.append(Diagnostic(what, "Set appendonly yes."))
    if found.info.get("rdb_last_bgsave_status", "ok") != "ok":
        what = f"The broker at {found.address} could not save its last snapshot and may reject writes."
        diagnostics.append(Diagnostic(what, "Free space on its disk; its log has the details."))
    return diagnostics


def _memory(found: BrokerHealth) -> list[Diagnostic]:
    used, most = found.info.get("used_memory", 0), found.info.get("maxmemory", 0)
    if not most or used < NEARLY_FULL * most:
        return []
    what = f"The broker at {found.address} uses {used / most:.0%} of its maxmemory."
    return [Diagnostic(what, "Raise maxmemory, or lower LOOKALIKE_QUEUE_LIMIT.")]


def _translated(error: Exception, broker_url: str) -> LookalikeError:
    address = plain_address(broker_url)
    is_suspect = isinstance(error, redis.exceptions.InvalidResponse) or "closed by server" in str(error)
    if is_suspect and (answer := _answer_to_ping(broker_url)) and answer[0] not in FIRST_BYTES:
        what = f"{address} answered, but it is not a Redis server."
        return UnsupportedService(what, "Correct LOOKALIKE_BROKER_URL; unset it to use the embedded broker.")
    return broker_error(error, address)


def _answer_to_ping(broker_url: str) -> bytes:
    """The first bytes that a server of unknown kind sends after PING; empty if there are none."""
    parts = urlsplit(broker_url)
    if parts.scheme != "redis":
        return b""
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or 6379), TIMEOUT_S) as line:
            line.sendall(b"PING\r\n\r\n")
            return line.recv(64)
    except OSError:
        return b""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())

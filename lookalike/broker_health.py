"""In what condition a broker is, by what it says of itself: whether queue and ledger can rest on it; writes nothing."""

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

#: Every connection of redis-py begins with HELLO, which came with this one; what kombu and the ledger say is older.
LEAST_VERSION = (6, 0)
#: For an answer: Redis gives this one in a millisecond.
TIMEOUT_S = 5.0
#: Leases are Redis's own and do not mind. Ages, durations and the order of jobs compare clocks of several machines.
MOST_SKEW_S = 5.0
#: Of the memory that Redis may take: under `noeviction` it refuses writes when all of it is taken.
NEARLY_FULL = 0.9
#: How every answer of Redis begins (https://redis.io/docs/latest/develop/reference/protocol-spec/).
FIRST_BYTES = b"+-:$*"


@dataclass(frozen=True)
class BrokerCondition:
    """`said` is what INFO tells, empty where our user may not ask; `skew_s` is how far its clock is before ours."""

    address: str
    skew_s: float
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.said.get("redis_version", ""))


def read_condition(broker_url: str) -> BrokerCondition:
    """Raises BrokerUnavailable, AccessDenied, UnsupportedService for what is no Redis."""
    url = client_url(broker_url)
    # The older protocol, which old servers understand as well.
    client = redis.Redis.from_url(url, protocol=2, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    address = plain_address(broker_url)
    try:
        before = time.time()
        seconds, microseconds = client.time()
        skew_s = seconds + microseconds / 1e6 - (before + time.time()) / 2
        return BrokerCondition(address, skew_s, _info(client))
    except redis.exceptions.RedisError as error:
        raise _meaning(error, broker_url) from error
    finally:
        client.close()


def check_broker(found: BrokerCondition) -> list[Diagnostic]:
    """What to look at. Raises UnsupportedService, DiskFull for a broker on which no job could be done."""
    if not found.said:
        advice = "Allow it to the user of LOOKALIKE_BROKER_URL: +info."
        return [*_skew(found), Diagnostic(f"The broker at {found.address} does not tell its condition (INFO).", advice)]
    _demand(found)
    return [*_skew(found), *_keeping(found), *_memory(found)]


def _info(client: "redis.Redis") -> Mapping[str, Any]:
    try:
        return dict(client.info())
    except redis.exceptions.NoPermissionError:
        return {}


def _demand(found: BrokerCondition) -> None:
    said = found.said
    if _numbers(found.version) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        what = f"The broker at {found.address} is Redis {found.version}; lookalike needs {least} or later."
        raise UnsupportedService(what, "Upgrade it, or unset LOOKALIKE_BROKER_URL to use the embedded one.")
    if said.get("role") == "slave":
        primary = f"{said.get('master_host')}:{said.get('master_port')}"
        what = f"The broker at {found.address} is a replica, which takes no writes."
        raise UnsupportedService(what, f"Let LOOKALIKE_BROKER_URL name its primary, {primary}.")
    if said.get("aof_last_write_status", "ok") != "ok":
        what = f"The broker at {found.address} cannot write its append-only file, and refuses every write."
        raise DiskFull(what, "Free room on its disk.")


def _skew(found: BrokerCondition) -> list[Diagnostic]:
    if abs(found.skew_s) <= MOST_SKEW_S:
        return []
    side = "ahead of" if found.skew_s > 0 else "behind"
    what = f"The clock of the broker at {found.address} is {abs(found.skew_s):,.0f} s {side} ours."
    return [Diagnostic(what, "Synchronize both (NTP): ages and durations of jobs are wrong by it.")]


def _keeping(found: BrokerCondition) -> list[Diagnostic]:
    concerns = []
    if (policy := found.said.get("maxmemory_policy", "noeviction")) != "noeviction":
        what = f"The broker at {found.address} may throw away queue and ledger: maxmemory-policy is {policy}."
        concerns.append(Diagnostic(what, "Set it to noeviction."))
    if not found.said.get("aof_enabled", 1):
        what = f"The broker at {found.address} keeps no append-only file: a restart loses the jobs that run."
        concerns.append(Diagnostic(what, "Set appendonly yes."))
    if found.said.get("rdb_last_bgsave_status", "ok") != "ok":
        what = f"The broker at {found.address} could not save its last snapshot, and may refuse writes."
        concerns.append(Diagnostic(what, "Free room on its disk; its log says more."))
    return concerns


def _memory(found: BrokerCondition) -> list[Diagnostic]:
    used, most = found.said.get("used_memory", 0), found.said.get("maxmemory", 0)
    if not most or used < NEARLY_FULL * most:
        return []
    what = f"The broker at {found.address} uses {used / most:.0%} of the memory it may take."
    return [Diagnostic(what, "Raise maxmemory, or lower LOOKALIKE_QUEUE_LIMIT.")]


def _meaning(error: Exception, broker_url: str) -> LookalikeError:
    address = plain_address(broker_url)
    is_silent = isinstance(error, redis.exceptions.InvalidResponse) or "closed by server" in str(error)
    if is_silent and (said := _first_words(broker_url)) and said[0] not in FIRST_BYTES:
        what = f"What answers at {address} is no Redis."
        return UnsupportedService(what, "Correct LOOKALIKE_BROKER_URL; unset it to use the embedded one.")
    return broker_error(error, address)


def _first_words(broker_url: str) -> bytes:
    """What a server of unknown kind says to a word that Redis would understand."""
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

"""Starts the private Redis, and reads why it ended from its log."""

import socket
import time
from pathlib import Path

import redis

from lookalike.broker import client_url
from lookalike.disk import free_bytes
from lookalike.embedded.lock import FileLock, opened
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.redis_server import broker_url, redis_command
from lookalike.errors import BrokerUnavailable, DiskFull, LookalikeError, MachineExhausted, PermanentError
from lookalike.ledger import Ledger
from lookalike.settings import Settings

REDIS_GRACE_S = 10.0
#: A Redis that has just been killed has the lock for milliseconds more.
ENDED_S = 1.0
#: Longest wait for a Redis that was asked to end.
SHUTDOWN_S = 10.0
POLL_S = 0.02
#: Redis needs more than that to append to its file.
LITTLE_BYTES = 2**20
#: What Redis logs, and what it means.
NO_THREAD = "Can't initialize Background Jobs"
NO_SPACE = "No space left on device"
BAD_FILE = ("Bad file format reading the append only file", "Unexpected end of file reading the append only file")


def start_broker(settings: Settings, owner_lock: int, env: dict[str, str]) -> GuardedProcess:
    """Start the Redis of this home. It holds a lock on its file until it has ended, however its guard and owner end.

    Raises PermanentError if another Redis works on the file and does not end.
    """
    command = redis_command(settings.home)
    with opened(settings.home / "run" / "broker.lock") as lock:
        _take(lock, settings.home)
        log = settings.home / "logs" / "broker.log"
        return GuardedProcess(
            "broker", command, log=log, grace_s=REDIS_GRACE_S, env=env, inherited=owner_lock, passed=lock.descriptor
        )


def _take(lock: FileLock, home: Path) -> None:
    """Two servers on one file would destroy it: one that was left behind is asked to end first."""
    if _taken(lock, ENDED_S):
        return
    _shut_down(broker_url(home))
    if not _taken(lock, SHUTDOWN_S):
        what = f"A redis-server that an earlier command left behind still works in {home / 'broker'}."
        raise PermanentError(what, "End this process, then run the command again.")


def _taken(lock: FileLock, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not lock.try_exclusive():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _shut_down(url: str) -> None:
    try:
        with redis.Redis.from_url(client_url(url), socket_timeout=SHUTDOWN_S) as client:
            client.shutdown(nosave=True)
    except redis.exceptions.RedisError:
        # It does not answer, or ended before it answered: the lock tells.
        return


def answers(url: str) -> bool:
    """Whether the broker at `url` answers."""
    ledger = Ledger(url)
    try:
        ledger.ping()
    except BrokerUnavailable:
        return False
    finally:
        ledger.close()
    return True


def why_ended(process: GuardedProcess, home: Path) -> LookalikeError | None:
    """Our error if the private Redis ended for a reason that a restart does not solve."""
    data, said = home / "broker", process.tail()
    if NO_SPACE in said or free_bytes(data) < LITTLE_BYTES:
        return DiskFull(
            f"No space left on the disk of {data}: the embedded broker cannot write.",
            "Free some space, then run the same command again: it continues.",
        )
    if NO_THREAD in said:
        return MachineExhausted(socket.gethostname(), "the embedded broker cannot start its threads")
    if any(sign in said for sign in BAD_FILE):
        return PermanentError(
            f"The file of the embedded broker in {data} is damaged.",
            "Move this folder away, then run the same ingest again: images that are in the index are only looked up.",
        )
    return None

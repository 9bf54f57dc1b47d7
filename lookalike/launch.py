"""Starts every process of ours in one way: which code it imports, and which environment it has, depends on us alone.

Neither the working folder nor PYTHONPATH is searched for code, and of the environment only what `environment` keeps
is passed on. No other module starts a process, except `process_guard`, which this one starts.
"""

import os
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import IO, Any, NoReturn

from lookalike.environment import kept, wanted

#: The packages of this distribution -> their folders in a checkout.
_PACKAGES = {
    "lookalike": "",
    "lookalike_api": "api",
    "lookalike_cli": "cli",
    "lookalike_evaluation": "evaluation",
    "lookalike_producer": "producer",
    "lookalike_worker": "worker",
}
#: The folder that holds the package `lookalike`: site-packages, or a checkout.
_ROOT = Path(__file__).parent.parent
#: What every child gets. Names and texts are UTF-8 whatever the locale, which C libraries ignore: C exists everywhere.
_FIXED = {"LC_ALL": "C", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"}
#: How the names begin of variables that children get from us, not from our environment.
_REPLACED = ("LANG", "LC_", "PYTHONPATH")
#: Variables with which Python itself behaves differently from its start on.
_INTERPRETER = frozenset(
    "PYTHON" + name
    for name in (
        "ASYNCIODEBUG",
        "CASEOK",
        "DEBUG",
        "DEVMODE",
        "INSPECT",
        "INTMAXSTRDIGITS",
        "MALLOC",
        "OPTIMIZE",
        "PROFILEIMPORTTIME",
        "PYCACHEPREFIX",
        "TRACEMALLOC",
        "VERBOSE",
        "WARNINGS",
    )
)
#: PyArrow imports it with its first array where it is installed, which takes longer than PyArrow itself. Our programs
#: do not use it.
_LEFT_OUT = "pandas"
#: A killed process ends within this time, unless a driver keeps it.
END_S = 5.0


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules in this Python; `environment` belongs to it.

    -P keeps the working directory off the child's `sys.path`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(**variables: str) -> dict[str, str]:
    """What a child keeps of our environment, with `variables` added.

    PYTHONPATH holds the folders of our own packages, if Python would not find them, and the absolute folders that it
    holds now, if LOOKALIKE_KEEP_ENV names it.
    """
    inherited = {name: value for name, value in kept(os.environ).items() if not name.startswith(_REPLACED)}
    path = [*_given_folders(), *map(str, _own_folders())]
    return inherited | _FIXED | ({"PYTHONPATH": os.pathsep.join(path)} if path else {}) | variables


def start(command: Sequence[str], variables: dict[str, str] | None = None, **options: Any) -> "subprocess.Popen[Any]":
    """Start a command with `environment(**variables)`. Further options are those of `subprocess.Popen`."""
    return subprocess.Popen(command, env=environment(**variables or {}), **options)


def run(
    command: Sequence[str], *, stdin: str | None = None, timeout_s: float | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end and return its output. Raises OSError, subprocess.TimeoutExpired.

    As `subprocess.run`, but after `timeout_s` it does not wait for a process that hangs in a driver, which no signal
    ends.
    """
    process = start(
        command,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        output, errors = process.communicate(stdin, timeout_s)
    except BaseException:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=END_S)
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def replace(command: Sequence[str]) -> NoReturn:
    """Become a command: it gets this process's id and its open files."""
    flush(sys.stdout, sys.stderr)
    os.execve(command[0], list(command), environment())


def settle(module: str) -> None:
    """Call it first in a program of ours: from here on this process has the environment that a child would have.

    Python reads some variables when it starts, and encodes names as the locale says. If one of these is not as for a
    child, the process starts `module` once more, with the same arguments.
    """
    if os.name == "posix" and _needs_restart():
        replace(command(module, *sys.argv[1:]))
    # A mask that takes rights from the user as well would make folders that we could not use.
    os.umask(os.umask(stat.S_IRWXG | stat.S_IRWXO) & (stat.S_IRWXG | stat.S_IRWXO))
    keep = kept(os.environ)
    for name in set(os.environ) - set(keep):
        del os.environ[name]
    os.environ.update(keep)
    leave_out(_LEFT_OUT)


def leave_out(*packages: str) -> None:
    """To libraries that can use these packages, it is as if they were not installed. Only for programs of ours."""
    sys.meta_path.insert(0, _LeftOut(packages))


class _LeftOut(MetaPathFinder):
    """Finds none of these packages."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(packages)

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in self._packages:
            raise ModuleNotFoundError(f"{name} is left out of this program", name=name)


def flush(*streams: IO[str] | None) -> None:
    """What is buffered here would be lost, or be written twice, by another program in this process."""
    for stream in streams:
        if stream is not None:
            stream.flush()


def _needs_restart() -> bool:
    more = wanted(os.environ)
    if any(name in os.environ and not more(name) for name in _INTERPRETER):
        return True
    encodings = [sys.getfilesystemencoding(), *([] if more("PYTHONIOENCODING") else _encodings())]
    is_restarted = all(os.environ.get(name) == value for name, value in _FIXED.items())
    return not all(map(_is_utf8, encodings)) and not is_restarted


def _encodings() -> list[str]:
    return [stream.encoding for stream in (sys.stdout, sys.stderr) if stream is not None]


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def _given_folders() -> list[str]:
    """The absolute folders of PYTHONPATH, if it is to be kept, which hold no package with one of our names."""
    given = os.environ.get("PYTHONPATH", "") if wanted(os.environ)("PYTHONPATH") else ""
    return [one for one in given.split(os.pathsep) if os.path.isabs(one) and not _holds_package(Path(one))]


def _holds_package(folder: Path) -> bool:
    return any((folder / name / "__init__.py").exists() or (folder / f"{name}.py").exists() for name in _PACKAGES)


def _own_folders() -> list[Path]:
    """The folders of our packages; none if they are in site-packages, where every child looks anyway."""
    if str(_ROOT) in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        return []
    folders = (_ROOT if (_ROOT / name).is_dir() else _ROOT / inside for name, inside in _PACKAGES.items())
    return list(dict.fromkeys(folders))

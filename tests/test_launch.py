"""Every child process starts in one way, and imports no code from the working folder or from PYTHONPATH."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike import launch
from lookalike.embedded.redis_server import find_redis_server
from testing.processes import ROOT
from tests.library_variables import ALL

#: The only modules that start processes: `process_guard` is itself started by `launch`, and starts what that gives it.
STARTERS = {"lookalike/launch.py", "lookalike/embedded/process_guard.py"}
PACKAGES = ["lookalike", "api", "cli", "evaluation", "producer", "worker"]
#: How functions of `os` begin that start or become a program, and further functions that do; a fork runs the same one.
CALLS = ("exec", "spawn", "posix_spawn", "system", "popen", "startfile")
FURTHER = {"create_subprocess_exec", "create_subprocess_shell", "ProcessPoolExecutor"}
#: Names of these modules that start nothing.
HARMLESS = {"TimeoutExpired", "SubprocessError", "Popen", "PIPE", "STDOUT", "DEVNULL", "CompletedProcess"}
#: Modules that a child of ours imports.
TRAPS = ["json", "re", "keras", "numpy", "openvino", "celery", "redis", "sitecustomize", "lookalike", "typing"]


#: What pip writes as the program `lookalike`.
SCRIPT = "from lookalike_cli.starting import main\nsys.exit(main())\n"


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def starts(tree: ast.AST) -> list[str]:
    """What this code calls or imports that starts a process."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            is_start = owner == "subprocess" or (owner == "os" and node.func.attr.startswith(CALLS))
            if is_start or node.func.attr in (
                "create_subprocess_exec",
                "create_subprocess_shell",
                "ProcessPoolExecutor",
            ):
                found.append(f"{owner}.{node.func.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in {"subprocess", "os", "pty", "multiprocessing"}:
            found += [alias.name for alias in node.names if alias.name not in HARMLESS and _starts(node, alias.name)]
    return found


def _starts(node: ast.ImportFrom, name: str) -> bool:
    return node.module != "os" or name.startswith(CALLS)


def test_no_other_module_starts_a_process() -> None:
    found = {str(path.relative_to(ROOT)): starts(ast.parse(path.read_text())) for path in sources()}
    assert {name for name, what in found.items() if what} == STARTERS


def test_the_check_finds_what_starts_a_process() -> None:
    for path in STARTERS:
        assert starts(ast.parse((ROOT / path).read_text()))
    assert starts(ast.parse("from os import execv\nfrom multiprocessing import Process")) == ["execv", "Process"]


@pytest.fixture
def trapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that a module of the working folder writes when it is imported, or a program of it when it is run."""
    sprung, here = tmp_path / "sprung", tmp_path / "pictures"
    here.mkdir()
    for name in TRAPS:
        (here / f"{name}.py").write_text(f"open({str(sprung)!r}, 'a').write({name!r} + chr(10))\n")
    (here / "redis-server").write_text(f"#!/bin/sh\necho redis-server >> {sprung}\necho 'v=99.0.0'\n")
    (here / "redis-server").chmod(0o755)
    monkeypatch.chdir(here)
    return sprung


@pytest.mark.parametrize("given", ["", ".", os.pathsep, "ABSOLUTE"])
def test_a_child_imports_nothing_from_the_working_folder_or_python_path(
    trapped: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", given.replace("ABSOLUTE", os.getcwd()))
    done = launch.run(launch.command("lookalike.embedding.children.device"))
    assert json.loads(done.stdout.splitlines()[-1])["precision"] in ("f32", "bf16"), done.stderr
    assert not trapped.exists(), trapped.read_text()


@pytest.mark.parametrize("given", [None, "", ".", os.pathsep, f"{os.pathsep}/nonexistent", "relative"])
def test_a_command_imports_nothing_from_the_working_folder(trapped: Path, tmp_path: Path, given: str | None) -> None:
    # Python itself imports this one from PYTHONPATH, before any code of ours runs.
    Path("sitecustomize.py").unlink()
    script = tmp_path / "lookalike"
    script.write_text(f"import sys\nsys.path += {own_folders()!r}\n{SCRIPT}")
    environment = {"PATH": os.environ["PATH"], "LOOKALIKE_HOME": str(tmp_path / "home")}
    environment |= {} if given is None else {"PYTHONPATH": given}
    command = [sys.executable, str(script), "status"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "No jobs yet" in done.stdout + done.stderr, done.stderr
    assert not trapped.exists(), trapped.read_text()


def own_folders() -> list[str]:
    return [str(ROOT / package) for package in ["", *PACKAGES[1:]]]


def test_a_server_in_the_working_folder_is_not_run(trapped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", os.environ["PATH"]]))
    server = find_redis_server()
    assert server.path.is_absolute() and server.version != "99.0.0"
    assert not trapped.exists()


def test_a_child_has_only_variables_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    done = launch.run([sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"])
    found = json.loads(done.stdout)
    assert set(found) & set(ALL) <= {"PYTHONPATH"}
    assert all(map(os.path.isabs, found.get("PYTHONPATH", str(ROOT)).split(os.pathsep)))
    assert (found["LC_ALL"], found["PYTHONUTF8"]) == ("C", "1")


@pytest.mark.parametrize(
    ("variables", "is_restarted"),
    [
        ({}, False),
        ({"CELERY_BROKER_URL": "redis://127.0.0.1:1/0", "PYTHONHASHSEED": "7"}, False),
        ({"PYTHONOPTIMIZE": "2"}, True),
        ({"PYTHONWARNINGS": "error"}, True),
        # As development environments set it.
        ({"PYTHONIOENCODING": "UTF-8", "PYTHONUNBUFFERED": "1"}, False),
        ({"PYTHONIOENCODING": "latin-1"}, True),
        ({"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"}, True),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, True),
        ({"PYTHONPYCACHEPREFIX": "here"}, True),
    ],
    ids=str,
)
def test_a_program_settles_whatever_it_was_started_with(
    tmp_path: Path, variables: dict[str, str], is_restarted: bool
) -> None:
    command = [sys.executable, "-m", "tests.settled", "a", "b c"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(command, env=environment, capture_output=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["arguments"] == ["a", "b c"]
    assert told["encodings"] == ["utf-8", "utf-8"]
    assert (told["optimize"], told["warnings"]) == (0, [])
    assert set(told["variables"]) <= {"LC_ALL", "LC_CTYPE", "PATH", "PYTHONUNBUFFERED"}
    assert told["is_restarted"] == is_restarted


def test_a_program_keeps_what_people_tell_it_to_keep(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.settled"]
    more = {"LOOKALIKE_KEEP_ENV": "PYTHON*,RUST_*", "PYTHONWARNINGS": "error", "RUST_LOG": "debug"}
    more["PYTHONIOENCODING"] = "latin-1"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **more}
    told = json.loads(subprocess.run(command, env=environment, capture_output=True, cwd=tmp_path).stdout)
    assert set(environment) <= set(told["variables"])
    assert (told["warnings"], told["is_restarted"]) == (["error"], False)


def test_our_programs_use_arrow_without_pandas() -> None:
    code = "import pyarrow, sys; from lookalike import launch; launch.settle(''); pyarrow.array(['text'])"
    done = launch.run([sys.executable, "-c", f"{code}; print('pandas' in sys.modules)"])
    assert (done.stdout.strip(), done.stderr) == ("False", "")

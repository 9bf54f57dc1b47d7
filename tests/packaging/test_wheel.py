"""The wheel in a new environment has only our packages, and its programs import nothing from the user's folders."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from testing.processes import processes
from tests.packaging.conftest import site_packages

PACKAGES = {
    "lookalike",
    "lookalike_api",
    "lookalike_cli",
    "lookalike_evaluation",
    "lookalike_producer",
    "lookalike_worker",
}
#: Names that programs of users have as well, and our own.
TRAPS = ["api", "cli", "deploy", "evaluation", "producer", "testing", "tests", "worker", *sorted(PACKAGES)]
CONSUMER = """
from pathlib import Path
from typing import assert_type

from lookalike.client import Client, SearchResult
from lookalike.errors import QueryServiceUnavailable

with Client("http://localhost:8000", timeout_s=3.0) as client:
    try:
        assert_type(client.search(Path("query.jpg"), k=5, filters={"name": "cats"}), SearchResult)
    except QueryServiceUnavailable as error:
        assert_type(error.address, str)
"""
#: What users of the client do not see of third-party packages takes mypy half a minute.
UNSEEN = """
[mypy]
[mypy-IPython.*,PIL.*,aiohttp.*,jax.*,matplotlib.*,numpy.*,prompt_toolkit.*,redis.*,rich.*]
follow_imports = skip
"""


def test_the_wheel_holds_our_packages_with_their_types_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    assert {name for name in names if name.endswith("py.typed")} == {f"{package}/py.typed" for package in PACKAGES}


def set_traps(folder: Path, names: list[str], imported: Path) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        code = f"open({str(imported)!r}, 'a').write({name + chr(10)!r})\nraise SystemExit('trap {name}')\n"
        (folder / name / "__init__.py").write_text(code)
        (folder / name / "__main__.py").write_text(code)
    return folder


def test_the_demo_imports_nothing_from_its_folder_or_python_path(whole: Path, tmp_path: Path) -> None:
    imported, home = tmp_path / "imported", tmp_path / "home"
    here = set_traps(tmp_path / "here", TRAPS, imported)
    # The console script imports `lookalike_cli` before any code of ours runs.
    on_path = set_traps(tmp_path / "path", [name for name in TRAPS if name != "lookalike_cli"], imported)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
    environment |= {"LOOKALIKE_HOME": str(home), "PYTHONPATH": str(on_path)}
    command = [str(whole.parent / "lookalike"), "demo", "--per-label", "8"]
    done = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Similar to ") == 3 and "Try next" in done.stdout
    in_words = done.stdout.partition("Found by the words")[2]
    assert len(re.findall(r"^[\d.]+\s+citrus\s", in_words, re.MULTILINE)) == 5, done.stdout
    assert not imported.exists(), imported.read_text()
    assert processes(home) == {}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_every_package_is_imported_from_the_wheel(whole: Path, package: str, tmp_path: Path) -> None:
    code = f"import {package}; print({package}.__file__)"
    found = subprocess.run([whole, "-c", code], cwd=tmp_path, env=without_path(), capture_output=True, text=True)
    assert found.stdout.startswith(str(site_packages(whole))), found.stderr


def test_a_program_that_uses_the_client_is_type_checked_against_the_wheel(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER)
    (tmp_path / "wrong.py").write_text(CONSUMER.replace("timeout_s=3.0", "timeout_s='3'"))
    (tmp_path / "mypy.ini").write_text(UNSEEN)
    options = ["--strict", "--config-file=mypy.ini", "--no-incremental", f"--python-executable={whole}"]
    command = [sys.executable, "-m", "mypy", *options, "consumer.py", "wrong.py"]
    done = subprocess.run(command, cwd=tmp_path, env=without_path(), capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1 and errors[0].startswith("wrong.py") and "timeout_s" in errors[0], done.stdout


def without_path() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}

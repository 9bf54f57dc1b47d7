"""The documentation and the structure of the code agree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = {"jax", "keras", "lancedb", "matplotlib", "openvino", "pyarrow", "sklearn", "tensorflow"}
#: Modules of the producer, and of the commands that neither embed nor build.
LIGHT = [
    "lookalike",
    "lookalike.client",
    "lookalike.image_index",
    "lookalike_producer.enqueue",
    "lookalike_producer.sources",
    "lookalike.factories",
    "lookalike_worker.tasks",
    "lookalike_api.app",
    "lookalike_cli.bench",
    "lookalike_cli.ingest",
    "lookalike_cli.search",
    "lookalike_cli.status",
    "lookalike_cli.index",
    "lookalike_cli.model",
    "lookalike_cli.doctor",
    "lookalike_cli.duplicates",
    "lookalike_cli.evaluate",
    "lookalike_cli.up",
    "lookalike_cli.flower",
    "flower.command",
]


def test_light_modules_load_no_model_library() -> None:
    code = f"import sys, {', '.join(LIGHT)}; print(sorted({HEAVY} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_search_from_the_command_line_imports_no_http_library() -> None:
    http = "{'fastapi', 'prometheus_client', 'starlette'}"
    code = f"import sys, lookalike_api.wiring; print(sorted({http} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_worker_loads_one_command_of_celery() -> None:
    code = "import sys, lookalike_worker.command; print({'celery.bin.celery', 'flower'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_every_module_has_a_docstring() -> None:
    folders = (
        "api",
        "cli",
        "documentation",
        "evaluation",
        "lookalike",
        "producer",
        "worker",
        "testing",
        "benchmarks",
        "tests",
    )
    modules = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.read_text().strip()]
    assert [str(path) for path in modules if ast.get_docstring(ast.parse(path.read_text())) is None] == []


def test_shared_code_of_tests_benchmarks_and_deploy_does_not_import_tests() -> None:
    modules = [
        path
        for folder in ("testing", "benchmarks", "deploy", "documentation")
        for path in (ROOT / folder).rglob("*.py")
    ]
    imports = re.compile(r"^\s*(?:from|import) tests\b", re.MULTILINE)
    assert [str(path) for path in modules if imports.search(path.read_text())] == []


def test_the_lock_names_no_registry() -> None:
    for lock in ROOT.glob("*.lock"):
        assert "://" not in lock.read_text()

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


def test_no_dataclass_compares_arrays() -> None:
    """A generated == of NumPy arrays raises ValueError, because the truth value of an array is ambiguous."""
    packages = ("lookalike", "worker", "producer", "api", "evaluation", "cli", "testing")
    texts = {name: {path: path.read_text() for path in sorted((ROOT / name).rglob("*.py"))} for name in packages}
    aliases = re.compile(r"^ *(\w+)(?:: TypeAlias)? = \S*(?:ndarray|NDArray)\[", re.MULTILINE)
    arrays = {
        "ndarray",
        "NDArray",
        *aliases.findall("\n".join(text for each in texts.values() for text in each.values())),
    }
    assert {"Pixels", "Vectors"} <= arrays
    for files in texts.values():
        # A package may have another class of that name.
        known = arrays - set(re.findall(r"^class (\w+)", "\n".join(files.values()), re.MULTILINE))
        for path, text in files.items():
            for one in ast.walk(ast.parse(text)) if "@dataclass" in text else ():
                if isinstance(one, ast.ClassDef) and _has_generated_eq(one):
                    held = [name for name in _held(one) if name in known]
                    assert not held, f"{path}: {one.name} compares {held}; add eq=False"


def _has_generated_eq(one: ast.ClassDef) -> bool:
    decorators = [ast.unparse(each) for each in one.decorator_list]
    return any(text.startswith("dataclass") and "eq=False" not in text for text in decorators) and not any(
        isinstance(each, ast.FunctionDef) and each.name == "__eq__" for each in one.body
    )


def _held(one: ast.ClassDef) -> list[str]:
    """The names in the types of the fields that are compared; functions that take or give arrays hold none."""
    fields = [each for each in one.body if isinstance(each, ast.AnnAssign)]
    compared = [each for each in fields if each.value is None or "compare=False" not in ast.unparse(each.value)]
    types = [ast.unparse(each.annotation) for each in compared]
    return [name for text in types if "Callable" not in text for name in re.findall(r"\w+", text)]

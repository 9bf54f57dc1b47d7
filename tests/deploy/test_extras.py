"""Extras: an image runs without the packages that it excludes, and a command that needs one names its extra."""

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lookalike.embedding import Head
from lookalike.errors import MissingExtra
from lookalike.extras import MODULES, check_installed, missing_extra, requiring
from lookalike.fitting.fit_model import fit_model
from lookalike.image_index import evaluate
from lookalike.installation import install_command
from lookalike.settings import Settings, read_settings
from testing.processes import LOOKALIKE, PATIENCE_S, ROOT, answer, lookalike
from testing.services.ports import free_port
from testing.services.process import ServerProcess
from tests.deploy.conftest import left_out

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
Environments = dict[str, dict[str, str]]


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def test_a_built_model_is_served_without_keras_and_tensorflow(
    installations: Environments, lance: Settings, query: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    chosen = {"LOOKALIKE_HOME": str(lance.home), "PYTHONPATH": installations["api, lancedb"]["PYTHONPATH"]}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    server = ServerProcess([*LOOKALIKE, "serve", "--port", url.rpartition(":")[2]], tmp_path)
    try:
        server.await_ready(lambda: answers(f"{url}/health/ready"), PATIENCE_S)
        assert httpx2.post(f"{url}/search", content=query).json()["matches"]
    finally:
        server.stop()


def test_a_model_of_keras_names_the_extra_that_builds_it_and_the_default_model_needs_none(
    installations: Environments, tmp_path: Path
) -> None:
    environment = {**installations["api"], "LOOKALIKE_HOME": str(tmp_path)}
    refused = lookalike(environment, "model", "build", "resnet50", code=1)
    assert install_command("worker") in refused.stderr
    lookalike(environment, "model", "build", "efficientnet-lite0")
    assert len(list(tmp_path.glob("models/*/model.bin"))) == 1


def test_the_doctor_accepts_an_installation_without_a_model_runtime(
    installations: Environments, lance: Settings
) -> None:
    assert lance.broker_url is not None
    broker_url = lance.broker_url.get_secret_value()
    environment = {**installations["lancedb"], "LOOKALIKE_HOME": str(lance.home), "LOOKALIKE_BROKER_URL": broker_url}
    findings = answer(lookalike(environment, "doctor", "--json", code=3))["findings"]
    failed = [finding["what"] for finding in findings if finding["is_fine"] is False]
    assert failed == ["workers"], "no worker runs in this test"
    details = {finding["what"]: finding["detail"] for finding in findings}
    assert "runs no models" in details["embedding"] and "keras" not in details["packages"]


def test_a_search_without_a_model_runtime_names_the_extra(
    installations: Environments, lance: Settings, drawn: tuple[Path, Path]
) -> None:
    environment = {**installations["producer"], "LOOKALIKE_HOME": str(lance.home)}
    image = next(path for path in drawn[1].rglob("*") if path.is_file())
    refused = lookalike(environment, "search", image, code=1)
    assert refused.stderr == f'search needs the extra "embedded": {install_command("embedded")}\n'


@pytest.mark.parametrize("installation", ["producer", "lancedb", "api"])
def test_an_ingest_with_an_incomplete_embedded_stack_names_the_extra_and_starts_nothing(
    installations: Environments, installation: str, drawn: tuple[Path, Path], tmp_path: Path
) -> None:
    environment = {**installations[installation], "LOOKALIKE_HOME": str(tmp_path)}
    refused = lookalike(environment, "ingest", drawn[0], code=1)
    assert refused.stderr.endswith(f'needs the extra "embedded": {install_command("embedded")}\n')
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "logs").exists()


def test_a_query_service_without_lancedb_names_the_extra_before_it_starts(
    installations: Environments, tmp_path: Path
) -> None:
    environment = {**installations["api"], "LOOKALIKE_HOME": str(tmp_path)}
    refused = lookalike(environment, "serve", "--port", free_port(), code=1)
    line = f'An index in a LanceDB folder needs the extra "embedded": {install_command("embedded")}\n'
    assert refused.stderr == line


def test_the_lock_of_the_demo_has_the_versions_of_the_full_lock_without_what_builds_other_models() -> None:
    whole, light = pinned("requirements.lock"), pinned("requirements-embedded.lock")
    assert light < whole
    packages = {pin.partition("==")[0] for pin in light}
    assert packages.isdisjoint({"keras", "scikit-learn", "scipy", "matplotlib", "tensorflow", "tensorflow-cpu"})
    assert {"fastapi", "lancedb", "openvino"} <= packages


@pytest.mark.parametrize("image", ["producer", "flower", "api"])
def test_the_lock_of_an_image_has_the_versions_of_the_full_lock_without_the_excluded_packages(image: str) -> None:
    whole, light = pinned("requirements.lock"), pinned(f"requirements-{image}.lock")
    assert light < whole
    packages = {pin.partition("==")[0] for pin in light}
    # The images of programs that read images can read stores.
    cloud = packages_of(["botocore", "obstore"]) if image == "api" else set()
    assert packages.isdisjoint(packages_of(left_out(image)) - cloud) and cloud <= packages
    assert {"celery", "opensearch-py"} <= packages


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^\s\\;]+", (ROOT / lock).read_text(), re.MULTILINE))


@cache  # it reads the lists of files of all packages, which takes a second
def providers() -> Mapping[str, list[str]]:
    """Module -> the packages that have it."""
    return packages_distributions()


def packages_of(modules: list[str]) -> set[str]:
    return {canonicalize_name(name) for module in modules for name in providers().get(module, [])}


def test_each_extra_lists_the_modules_of_its_packages() -> None:
    # A namespace such as `backports` has packages of others as well.
    ours = set().union(*map(required, MODULES))
    declared = {extra: packages_of(list(modules)) & ours for extra, modules in MODULES.items()}
    for extra, packages in declared.items():
        assert packages == {package for package in required(extra) if package in installed()}, extra


def required(extra: str) -> set[str]:
    """The packages that an extra adds, including those of the extras that it includes."""
    names: set[str] = set()
    for line in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.name == "lookalike":
            names |= {name for included in requirement.extras for name in required(included)}
        elif requirement.marker is None or requirement.marker.evaluate():
            names.add(canonicalize_name(requirement.name))
    return names


def installed() -> set[str]:
    return {canonicalize_name(name) for names in providers().values() for name in names}


@pytest.mark.parametrize("extra", MODULES)
def test_an_import_that_fails_names_the_extra(extra: str) -> None:
    for module in MODULES[extra]:
        error = missing_extra(ModuleNotFoundError(name=f"{module}.part"), "This", extra)
        assert str(error) == f'This needs the extra "{extra}": {install_command(extra)}'


def test_a_missing_package_without_an_extra_names_no_extra() -> None:
    assert missing_extra(ModuleNotFoundError(name="typer"), "This", "api") is None
    with pytest.raises(ModuleNotFoundError), requiring("This"):
        raise ModuleNotFoundError(name="typer")


def test_a_package_is_missed_before_the_work_that_needs_it() -> None:
    check_installed("pytest", needed_by="lookalike evaluate", extra="evaluate")
    with pytest.raises(MissingExtra, match=r"lookalike evaluate needs .*pip install .*\[evaluate\]"):
        check_installed("pytest", "no_such_module", needed_by="lookalike evaluate", extra="evaluate")


def test_neither_a_fit_nor_an_evaluation_starts_without_scikit_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python's own way to make an import fail.
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtra, match="lookalike model fit"):
        fit_model(read_settings(home=tmp_path), tmp_path, [], Head.PCA, "mine")
    with pytest.raises(MissingExtra, match="lookalike evaluate"):
        evaluate(tmp_path, ["efficientnet-lite0+pca"], home=tmp_path / "home")

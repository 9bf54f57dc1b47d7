"""A model that cannot be loaded does not end one model process after the other for ever."""

from pathlib import Path

import pytest

from lookalike.embedding import ModelSpec, resolve
from lookalike.embedding.children import loads
from lookalike.embedding.children.loads import TRIES, Loads
from lookalike.errors import ModelUnavailable


def tried(path: Path, spec: ModelSpec, error: Exception | None) -> None:
    """A load in a process of its own."""
    with Loads(path).counted(spec):
        if error:
            raise error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "loads"


@pytest.fixture
def spec() -> ModelSpec:
    return resolve("efficientnet-lite0")


def test_loads_that_fail_one_after_the_other_are_refused_until_later(
    path: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(TRIES):
        with pytest.raises(ValueError):
            tried(path, spec, ValueError("no such layer."))
    with pytest.raises(ModelUnavailable, match=r"efficientnet-lite0 .*3 tries failed: ValueError: no such layer"):
        tried(path, spec, None)
    monkeypatch.setattr(loads, "REFUSED_S", 0.0)
    tried(path, spec, None)
    monkeypatch.undo()
    tried(path, spec, None)


def test_a_process_that_ends_in_a_load_is_counted(path: Path, spec: ModelSpec) -> None:
    for _ in range(TRIES):
        # The block is left as by a process that is killed in it: neither its end nor an error is reached.
        Loads(path).counted(spec).__enter__()
    with pytest.raises(ModelUnavailable, match="the process that loads it ends each time"):
        tried(path, spec, None)


def test_a_load_that_succeeds_or_refuses_the_model_counts_anew(path: Path, spec: ModelSpec) -> None:
    for error in (None, ModelUnavailable("The model is gone.", "")):
        for _ in range(TRIES - 1):
            with pytest.raises(ValueError):
                tried(path, spec, ValueError())
        if error is None:
            tried(path, spec, None)
        else:
            with pytest.raises(ModelUnavailable, match="gone"):
                tried(path, spec, error)
    tried(path, spec, None)

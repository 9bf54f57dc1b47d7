"""Fixtures of the fault suite: one model, one undisturbed ingest per test run, and a rig that scenarios share."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.services.opensearch import OpenSearchServer, left_as_found
from testing.shared import made_once
from tests.faults.invariants import Reference
from tests.faults.model import make_model, model_file
from tests.faults.pace import REAL, SHORT
from tests.faults.play import Undisturbed, undisturbed
from tests.faults.rig import Place, Rig


@pytest.fixture(scope="session")
def tiny_model(shared_folder: Path) -> Path:
    return model_file(made_once(shared_folder / "tiny-model", make_model))


@pytest.fixture
def place(opensearch_server: OpenSearchServer, opensearch_url: str, tiny_model: Path) -> Place:
    """The indexes that appear here are deleted after the test."""
    return Place(opensearch_server, tiny_model.parent, tiny_model, SHORT)


@pytest.fixture(scope="session")
def baseline(
    opensearch_server: OpenSearchServer, tiny_model: Path, shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """F0, with the product's real waiting times; runs once per test run."""

    def make(path: Path) -> None:
        place = Place(opensearch_server, tiny_model.parent, tiny_model, REAL)
        with left_as_found(opensearch_server):
            path.write_bytes(pickle.dumps(undisturbed(place, tmp_path_factory.mktemp("undisturbed"))))

    made: Undisturbed = pickle.loads(made_once(shared_folder / "undisturbed", make).read_bytes())
    return made


@pytest.fixture(scope="session")
def reference(baseline: Undisturbed) -> Reference:
    return baseline.reference


@pytest.fixture(scope="module")
def shared_rig(
    opensearch_server: OpenSearchServer, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    """For scenarios that leave the rig unchanged."""
    place = Place(opensearch_server, tiny_model.parent, tiny_model, SHORT)
    with left_as_found(opensearch_server), Rig(place, tmp_path_factory.mktemp("shared") / "rig", "unused") as rig:
        yield rig

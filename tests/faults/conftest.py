"""What the fault suite shares: one model, and what an undisturbed run makes of the images."""

from pathlib import Path

import pytest

from testing.services.opensearch import OpenSearchServer, left_as_found
from tests.faults.invariants import Reference
from tests.faults.model import make_model
from tests.faults.play import undisturbed
from tests.faults.rig import Place


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture
def place(opensearch_server: OpenSearchServer, opensearch_url: str, tiny_model: Path) -> Place:
    """Indexes that appear here are gone after the test."""
    return Place(opensearch_server, tiny_model.parent, tiny_model)


@pytest.fixture(scope="session")
def reference(
    opensearch_server: OpenSearchServer, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Reference:
    with left_as_found(opensearch_server):
        shared = Place(opensearch_server, tiny_model.parent, tiny_model)
        return undisturbed(shared, tmp_path_factory.mktemp("undisturbed"))

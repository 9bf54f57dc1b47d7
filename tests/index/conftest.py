"""Fixtures for an index on each backend, and how long its tests retry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.index import Index, IndexOptions, open_index
from tests.index.documents import COSINE

#: Tests of overload must not wait as long as a job does.
SHORT_TIMEOUTS = IndexOptions(retry_s=0.5, timeout_s=30.0)


@pytest.fixture(params=["lancedb", "opensearch"])
def index_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty LanceDB folder, or of an OpenSearch without indexes."""
    if request.param == "lancedb":
        return f"lancedb://{tmp_path}/index"
    return str(request.getfixturevalue("opensearch_url"))


@pytest.fixture
def absent(index_url: str) -> Iterator[Index]:
    """An index that does not exist."""
    index = open_index(index_url, "images")
    yield index
    index.close()


@pytest.fixture
def index(absent: Index) -> Index:
    """An empty index for COSINE."""
    absent.ensure(COSINE)
    return absent

"""A location for each kind of index."""

from pathlib import Path

import pytest


@pytest.fixture(params=["lancedb", "opensearch"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a location without indexes."""
    if request.param == "lancedb":
        return f"lancedb://{tmp_path}/index"
    return str(request.getfixturevalue("opensearch_url"))

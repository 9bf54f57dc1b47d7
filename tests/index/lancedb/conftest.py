"""An index in a LanceDB folder."""

from pathlib import Path

import pytest

from lookalike.index import Index, IndexOptions, open_index
from tests.index.documents import COSINE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Index:
    index = open_index(f"lancedb://{folder}", "images", options=IndexOptions(retry_s=0.2))
    index.ensure(COSINE)
    return index

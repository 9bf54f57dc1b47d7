"""An index and a folder that are compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.index import Index, open_index
from tests.index.documents import COSINE


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(f"lancedb://{tmp_path}/index", "images")
    opened.ensure(COSINE)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    return made

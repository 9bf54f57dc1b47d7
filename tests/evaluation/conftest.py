"""A location for each kind of index, and a labelled collection whose results are known."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.records import Document, Metric, ModelIdentity
from lookalike_evaluation.candidate import Candidate
from tests.index.documents import document

MODEL = ModelIdentity("tiny", "a" * 16, 8, Metric.COSINE)
CLASSES = ("ants", "bees", "cats")


@pytest.fixture(params=["lancedb", "opensearch"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a location without indexes."""
    if request.param == "lancedb":
        return f"lancedb://{tmp_path}/index"
    return str(request.getfixturevalue("opensearch_url"))


@pytest.fixture
def candidate() -> Candidate:
    """Ten images per class, close to the direction of the class, except one of the ants, which is among the bees."""
    random = np.random.default_rng(3)
    documents: list[Document] = []
    for number, label in enumerate(CLASSES):
        for image in range(10):
            direction = np.zeros(8)
            direction[1 if (label, image) == ("ants", 0) else number] = 1.0
            vector = (direction + 0.05 * random.normal(size=8)).astype(np.float32)
            documents.append(document(f"/p/{label}/{image}.jpg", vector, name=label, model=MODEL))
    return Candidate("tiny", MODEL, tuple(documents))

"""Features like those of a backbone: clouds around a few directions, of unit length."""

import numpy as np
import pytest

from lookalike.records import Vectors

CLASSES = 5
EACH = 30
FEATURES = 32


def clouds(seed: int = 0) -> Vectors:
    """Rows of class after class: eight features tell the classes apart, four others vary much and mean nothing."""
    random = np.random.RandomState(seed)
    centers = np.zeros((CLASSES, FEATURES))
    centers[:, :8] = 0.7 * np.random.RandomState(99).standard_normal((CLASSES, 8))
    rows = 5 + centers.repeat(EACH, axis=0) + 0.3 * random.standard_normal((CLASSES * EACH, FEATURES))
    rows[:, 8:12] += 3 * random.standard_normal((len(rows), 4))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="package")
def features() -> Vectors:
    return clouds()


@pytest.fixture(scope="package")
def labels() -> list[str | None]:
    return [f"class-{number}" for number in range(CLASSES) for _ in range(EACH)]

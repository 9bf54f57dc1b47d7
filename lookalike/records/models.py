"""What an index knows about its model."""

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """How two vectors of a model are compared."""

    COSINE = "cosine"
    L2 = "l2"


@dataclass(frozen=True)
class ModelIdentity:
    """What an index needs to know about a model. Vectors with different fingerprints are never compared."""

    name: str
    """Name of the model."""
    fingerprint: str
    """The same for models that give the same vectors."""
    dimension: int
    """Length of a vector."""
    metric: Metric
    """How vectors are compared."""

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint}, {self.dimension}-d, {self.metric})"

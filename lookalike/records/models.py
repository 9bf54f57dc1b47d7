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
    fingerprint: str
    dimension: int
    metric: Metric

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint}, {self.dimension}-d, {self.metric})"

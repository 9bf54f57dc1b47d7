"""A model's identity as the indexes keep it beside the vectors."""

from collections.abc import Mapping
from typing import Any

from lookalike.records import Metric, ModelIdentity


def to_mapping(model: ModelIdentity) -> dict[str, str | int]:
    """What an index stores, ready for JSON."""
    return {
        "name": model.name,
        "fingerprint": model.fingerprint,
        "dimension": model.dimension,
        "metric": str(model.metric),
    }


def from_mapping(kept: Mapping[str, Any]) -> ModelIdentity:
    """What `to_mapping` gave. Raises KeyError or ValueError for anything else."""
    return ModelIdentity(kept["name"], kept["fingerprint"], int(kept["dimension"]), Metric(kept["metric"]))

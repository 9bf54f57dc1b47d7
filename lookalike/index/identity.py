"""A model's identity as JSON: every index records the model of its vectors in this form."""

from collections.abc import Mapping
from typing import Any

from lookalike.records import Metric, ModelIdentity


def to_mapping(model: ModelIdentity) -> dict[str, str | int]:
    """The identity as a JSON object."""
    return {
        "name": model.name,
        "fingerprint": model.fingerprint,
        "dimension": model.dimension,
        "metric": str(model.metric),
    }


def from_mapping(mapping: Mapping[str, Any]) -> ModelIdentity:
    """The inverse of `to_mapping`. Raises KeyError or ValueError for anything else."""
    return ModelIdentity(mapping["name"], mapping["fingerprint"], int(mapping["dimension"]), Metric(mapping["metric"]))

"""Finds the spec of a model's identity among the models that are compiled here or known by name."""

import json
from dataclasses import replace
from pathlib import Path

from lookalike.embedding.specs.resolving import resolve
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity


def spec_of(model: ModelIdentity, home: Path) -> ModelSpec | None:
    """The spec with this fingerprint, or None if it is not found here."""
    for spec in (_built(model, home), _named(model, home)):
        if spec is not None and spec.fingerprint == model.fingerprint:
            return spec
    return None


def _built(model: ModelIdentity, home: Path) -> ModelSpec | None:
    """From the compiled model, because the name of a model from a `.keras` file does not tell its path."""
    try:
        manifest = json.loads((home / "models" / model.fingerprint / "manifest.json").read_text())
        # Compiled for whoever needed it first, perhaps from a file; the index knows the name that a person gave.
        return replace(ModelSpec.from_json(json.dumps(manifest["spec"])), name=model.name)
    except (OSError, ValueError, KeyError, TypeError, BadSetting):
        return None


def _named(model: ModelIdentity, home: Path) -> ModelSpec | None:
    try:
        return resolve(model.name, home=home)
    except (BadSetting, ModelUnavailable):
        return None

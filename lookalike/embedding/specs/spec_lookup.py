"""The spec behind a model's identity: what is built on this machine or known by name; builds nothing."""

import json
from pathlib import Path

from lookalike.embedding.specs.names import resolve
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity


def spec_of(model: ModelIdentity, home: Path) -> ModelSpec | None:
    """The spec that gives this very model, or None where nothing here tells it."""
    for spec in (_built(model, home), _named(model, home)):
        if spec is not None and spec.fingerprint == model.fingerprint:
            return spec
    return None


def _built(model: ModelIdentity, home: Path) -> ModelSpec | None:
    """From the compiled model: a `.keras` file has no name that would lead back to it."""
    try:
        manifest = json.loads((home / "models" / model.fingerprint / "manifest.json").read_text())
        return ModelSpec.from_json(json.dumps(manifest["spec"]))
    except (OSError, ValueError, KeyError, TypeError, BadSetting):
        return None


def _named(model: ModelIdentity, home: Path) -> ModelSpec | None:
    try:
        return resolve(model.name, home=home)
    except (BadSetting, ModelUnavailable):
        return None

"""Which copies of added models are in use: those that a kept model names. What a replaced model leaves is removed."""

import shutil
from pathlib import Path

from lookalike.embedding.artifacts import added, fitted, quantized
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable


def copies_of(home: Path, name: str) -> frozenset[Path]:
    """The folders with the files of an added model; none if there is no such model, or if it is damaged."""
    try:
        return _folders(home, added.read(home, name).spec) if added.exists(home, name) else frozenset()
    except ModelUnavailable:
        return frozenset()


def remove_unused(home: Path, folders: frozenset[Path]) -> None:
    """Remove those of these folders that no model names any more; none while the description of any cannot be read."""
    try:
        used = frozenset[Path]().union(*(_folders(home, spec) for spec in _kept(home)))
    except ModelUnavailable:
        return
    for folder in folders - used:
        shutil.rmtree(folder, ignore_errors=True)


def _kept(home: Path) -> list[ModelSpec]:
    """Raises ModelUnavailable for one that is damaged."""
    return [store.read(home, name).spec for store in (added, fitted, quantized) for name in store.names(home)]


def _folders(home: Path, spec: ModelSpec) -> frozenset[Path]:
    """Those below the folder of copies; a model that was fitted to an added one names the copy as well."""
    files = [spec.weights, *([spec.text.model, spec.text.tokenizer] if spec.text else [])]
    root = added.files(home).resolve()
    return frozenset(path.parent for path in (Path(file).resolve() for file in files) if path.parent.parent == root)

"""Fitted heads on disk, one file per model, written atomically.

HOME/fitted/<name>.npz    kernel_0, bias_0, kernel_1 ...: float32, the layers between unit-length pooled features
                          and the vector; `about`: JSON, the spec of the base model and the origin of the head
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from lookalike.embedding.artifacts import saved_models
from lookalike.embedding.artifacts.saved_models import FITTED
from lookalike.embedding.specs.spec import Head, ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]
else:
    # The base installation, which names models and runs none, has no NumPy: it is imported where it is used.
    Matrix = Any


@dataclass(frozen=True, eq=False)
class Layer:
    """One affine step: x @ kernel + bias, kernel [C, D], bias [D]. A ReLU follows each step except the last."""

    kernel: Matrix
    bias: Matrix


@dataclass(frozen=True)
class Origin:
    """The images and libraries that a head was fitted with; it does not affect vectors. `fitted_at` is UTC ISO 8601."""

    base: str
    pictures: int
    classes: int
    seed: int
    fitted_at: str
    versions: dict[str, str]


@dataclass(frozen=True)
class FittedHead:
    """A fitted model; `spec` includes the head."""

    name: str
    spec: ModelSpec
    origin: Origin


def project(layers: Sequence[Layer], features: Vectors) -> Vectors:
    """Apply the layers as the graph does: from unit-length features [N, C] to unit-length float32 [N, D]."""
    import numpy as np

    x = features
    for number, layer in enumerate(layers):
        x = (np.maximum(x, 0) if number else x) @ layer.kernel + layer.bias
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12), np.float32)


def check_name(home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that is invalid or taken."""
    saved_models.check_name(FITTED, home, name, replace_existing=replace_existing)


def exists(home: Path, name: str) -> bool:
    return FITTED.exists(home, name)


def names(home: Path) -> list[str]:
    """The fitted models under `home`, sorted."""
    return FITTED.names(home)


def write(home: Path, name: str, base: ModelSpec, kind: Head, layers: list[Layer], origin: Origin) -> FittedHead:
    """Store a head fitted to the pooled features of `base`, atomically. Raises DiskFull, ModelUnavailable."""
    import numpy as np

    about = {"base": json.loads(base.to_json()), "head": kind.value, "origin": vars(origin)}
    arrays = _arrays(layers) | {"about": np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)}
    FITTED.write(home, name, partial(_fill, arrays))
    return read(home, name)


def _fill(arrays: "dict[str, NDArray[Any]]", file: IO[bytes]) -> None:
    import numpy as np

    np.savez(file, **arrays)  # type: ignore[arg-type]


def read(home: Path, name: str) -> FittedHead:
    """The fitted model of that name. Raises ModelUnavailable if it is missing or damaged."""
    path = FITTED.path(home, name)
    about, layers = _load(path)
    try:
        base = ModelSpec.from_json(json.dumps(about["base"]))
        origin = Origin(**about["origin"])
        kind = Head(about["head"])
    except (LookupError, TypeError, ValueError, BadSetting) as error:
        raise _damaged(path, error) from error
    spec = replace(
        base,
        name=name,
        head=kind,
        head_file=str(path.absolute()),
        head_sha256=_digest(layers),
        head_dimension=len(layers[-1].bias),
        # A fitted head leaves the space that texts are in.
        text=None,
    )
    return FittedHead(name, spec, origin)


def layers_of(spec: ModelSpec) -> list[Layer]:
    """The layers of a spec's fitted head. Raises ModelUnavailable if the file has changed since the spec was made."""
    path = Path(spec.head_file or "")
    _, layers = _load(path)
    if _digest(layers) != spec.head_sha256:
        raise ModelUnavailable(
            f"The fitted model {path} has been replaced.", "Start again, or give each fitted model its own name."
        )
    return layers


def _load(path: Path) -> tuple[dict[str, Any], list[Layer]]:
    import numpy as np

    try:
        # NumPy does not close a damaged file that it opened itself.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            count = sum(name.startswith("kernel_") for name in arrays.files)
            layers = [Layer(arrays[f"kernel_{number}"], arrays[f"bias_{number}"]) for number in range(count)]
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"The fitted model {path} does not exist.",
            "Copy it from the machine on which it was fitted, or fit it again.",
        ) from error
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error
    if not layers:
        raise _damaged(path, "it has no layers")
    return about, layers


def _damaged(path: Path, why: object) -> ModelUnavailable:
    return ModelUnavailable(f"The fitted model {path} is damaged: {why}.", "Delete the file and fit the model again.")


def _arrays(layers: list[Layer]) -> "dict[str, NDArray[Any]]":
    import numpy as np

    kernels = {f"kernel_{number}": layer.kernel.astype(np.float32) for number, layer in enumerate(layers)}
    return kernels | {f"bias_{number}": layer.bias.astype(np.float32) for number, layer in enumerate(layers)}


def _digest(layers: list[Layer]) -> str:
    """sha256 over shapes and numbers, so that it does not depend on the time of fitting."""
    import numpy as np

    digest = hashlib.sha256()
    for name, array in sorted(_arrays(layers).items()):
        digest.update(f"{name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    return digest.hexdigest()

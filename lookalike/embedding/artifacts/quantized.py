"""Quantized graphs on disk, one file per model, written atomically.

HOME/quantized/<name>.zip    model.xml, model.bin: the graph of the whole model; about.json: the spec of the base model,
                             the dimension and the calibration
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from lookalike.embedding.artifacts import saved_models
from lookalike.embedding.artifacts.conversion import Converted
from lookalike.embedding.artifacts.saved_models import QUANTIZED
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable

PARTS = ("model.xml", "model.bin")
_ABOUT = "about.json"


@dataclass(frozen=True)
class Calibration:
    """The images and libraries that a graph was quantized with. `quantized_at` is UTC ISO 8601.

    `cosine` (median) and `cosine_least` (minimum) compare its vectors with those of the base model, for images that
    were not used for calibration.
    """

    base: str
    pictures: int
    cosine: float
    cosine_least: float
    quantized_at: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Quantized:
    """A quantized model; `spec` includes the graph."""

    name: str
    spec: ModelSpec
    calibration: Calibration


def check_name(home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that is invalid or taken."""
    saved_models.check_name(QUANTIZED, home, name, replace_existing=replace_existing)


def exists(home: Path, name: str) -> bool:
    return QUANTIZED.exists(home, name)


def names(home: Path) -> list[str]:
    """The quantized models under `home`, sorted."""
    return QUANTIZED.names(home)


def write(home: Path, name: str, base: ModelSpec, folder: Path, dimension: int, calibration: Calibration) -> Quantized:
    """Store the graph that is in `folder`, atomically. Raises DiskFull, ModelUnavailable."""
    about = {"base": json.loads(base.to_json()), "dimension": dimension, "calibration": vars(calibration)}
    QUANTIZED.write(home, name, partial(_fill, folder, about))
    return read(home, name)


def read(home: Path, name: str) -> Quantized:
    """The quantized model of that name. Raises ModelUnavailable if it is missing or damaged."""
    path = QUANTIZED.path(home, name)
    with _opened(path) as archive:
        try:
            about = json.loads(archive.read(_ABOUT))
            base = ModelSpec.from_json(json.dumps(about["base"]))
            calibration = Calibration(**about["calibration"])
            digest = _digest(archive)
            dimension = int(about["dimension"])
        except (LookupError, TypeError, ValueError, zipfile.BadZipFile, BadSetting) as error:
            raise _damaged(path, error) from error
    spec = replace(base, name=name, graph_file=str(path.absolute()), graph_sha256=digest, graph_dimension=dimension)
    return Quantized(name, spec, calibration)


def unpack(spec: ModelSpec, folder: Path) -> Converted:
    """Write model.xml and model.bin into `folder`. Raises ModelUnavailable if the file has changed."""
    path = Path(spec.graph_file or "")
    with _opened(path) as archive:
        try:
            if _digest(archive) != spec.graph_sha256:
                what = f"The quantized model {path} has been replaced."
                raise ModelUnavailable(what, "Start again, or give each quantized model its own name.")
            for part in PARTS:
                archive.extract(part, folder)
            versions = json.loads(archive.read(_ABOUT))["calibration"]["versions"]
        except (LookupError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(path, error) from error
    return Converted(spec.graph_dimension or 0, versions)


def _fill(folder: Path, about: dict[str, Any], file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            archive.write(folder / part, part)
        archive.writestr(_ABOUT, json.dumps(about, sort_keys=True))


def _digest(archive: zipfile.ZipFile) -> str:
    """sha256 over the graph's files, so that it does not depend on compression."""
    digest = hashlib.sha256()
    for part in PARTS:
        with archive.open(part) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"The quantized model {path} does not exist.",
            "Copy it from the machine on which it was quantized, or quantize it again.",
        ) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> ModelUnavailable:
    return ModelUnavailable(
        f"The quantized model {path} is damaged: {why}.", "Delete the file and quantize the model again."
    )

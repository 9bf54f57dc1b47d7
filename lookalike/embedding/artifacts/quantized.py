"""Quantized graphs on disk, one file a model, whole or absent; it does not know how a graph is quantized.

HOME/quantized/<name>.zip    model.xml, model.bin: the graph of the whole model; about.json: the spec of the base, the
                             dimension, and what the graph was calibrated with
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
    """What a graph was quantized with: for people, not for vectors. `quantized_at` is UTC ISO 8601.

    `cosine` is the median, and `cosine_least` the least, between its vectors and those of the base, for pictures
    that it was not calibrated with.
    """

    base: str
    pictures: int
    cosine: float
    cosine_least: float
    quantized_at: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Quantized:
    """A quantized model: `spec` is whole, graph included."""

    name: str
    spec: ModelSpec
    calibration: Calibration


def check_name(home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that cannot be used, or that is taken."""
    saved_models.check_name(QUANTIZED, home, name, replace_existing=replace_existing)


def exists(home: Path, name: str) -> bool:
    return QUANTIZED.exists(home, name)


def names(home: Path) -> list[str]:
    """The quantized models under `home`, sorted."""
    return QUANTIZED.names(home)


def write(home: Path, name: str, base: ModelSpec, folder: Path, dimension: int, calibration: Calibration) -> Quantized:
    """Keep the graph in `folder`, in one step. Raises DiskFull, ModelUnavailable."""
    about = {"base": json.loads(base.to_json()), "dimension": dimension, "calibration": vars(calibration)}
    QUANTIZED.write(home, name, partial(_fill, folder, about))
    return read(home, name)


def read(home: Path, name: str) -> Quantized:
    """The quantized model of that name. Raises ModelUnavailable where it is missing or damaged."""
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
    """Write model.xml and model.bin into `folder`. Raises ModelUnavailable where they are not those of the spec."""
    path = Path(spec.graph_file or "")
    with _opened(path) as archive:
        try:
            if _digest(archive) != spec.graph_sha256:
                what = f"The quantized model {path} is another one by now."
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
    """sha256 over the graph's files, so that it does not depend on how they were packed."""
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
            f"The quantized model {path} is not there.",
            "Copy it from the machine on which it was made, or make it again.",
        ) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> ModelUnavailable:
    return ModelUnavailable(f"The quantized model {path} is damaged: {why}.", "Remove it, and make it again.")

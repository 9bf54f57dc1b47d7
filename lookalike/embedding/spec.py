"""What a model is: names, preprocessing, head and fingerprint, with no knowledge of Keras or any runtime."""

import difflib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from lookalike.embedding.checkpoint import LITE0_SHA256
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import Metric

#: Raise it whenever the same spec would give other vectors: what is stored must then be embedded again.
PREPROCESSING_VERSION = 1
#: Dimension of the `projection` and `article` heads.
HEAD_DIMENSION = 256
#: `backbone` of a spec whose graph is a `.keras` file.
FILE = "file"
#: `backbone` of the model whose weights come with the install.
LITE0 = "EfficientNetLite0"


class Preprocessing(StrEnum):
    """What happens to RGB values in [0, 255] before the backbone; `caffe`, `tf` and `torch` are Keras's modes."""

    CAFFE = "caffe"
    TF = "tf"
    TORCH = "torch"
    LITE = "lite"
    NONE = "none"


class Head(StrEnum):
    """What turns pooled features into a vector."""

    PROJECTION = "projection"
    ARTICLE = "article"
    POOLED = "pooled"


#: The classes of keras.applications by the preprocessing they were trained with (`none`: it is inside the graph).
_APPLICATIONS = {
    Preprocessing.CAFFE: "ResNet50 ResNet101 ResNet152 VGG16 VGG19",
    Preprocessing.TF: "InceptionResNetV2 InceptionV3 MobileNet MobileNetV2 NASNetLarge NASNetMobile "
    "ResNet50V2 ResNet101V2 ResNet152V2 Xception",
    Preprocessing.TORCH: "DenseNet121 DenseNet169 DenseNet201",
    Preprocessing.NONE: "ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge "
    "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 "
    "EfficientNetB6 EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 "
    "EfficientNetV2S EfficientNetV2M EfficientNetV2L MobileNetV3Small MobileNetV3Large",
}


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything that decides a vector. `weights` is `imagenet` (fetched by Keras), `install` or a `.keras` path."""

    name: str
    backbone: str
    weights: str
    weights_sha256: str | None
    preprocessing: Preprocessing
    pooling: str = "average"
    head: Head = Head.PROJECTION

    @property
    def metric(self) -> Metric:
        return Metric.L2 if self.head is Head.ARTICLE else Metric.COSINE

    @property
    def dimension(self) -> int | None:
        """Length of a vector, or None where only a build can tell."""
        if self.head is Head.ARTICLE or (self.head is Head.PROJECTION and self.backbone != FILE):
            return HEAD_DIMENSION
        return 1280 if self.backbone == LITE0 else None

    @property
    def fingerprint(self) -> str:
        """16 hex digits over what decides a vector: the bytes of the weights, but neither their path nor a name."""
        content = {key: value for key, value in asdict(self).items() if key not in ("name", "weights")}
        content |= {"weights_sha256": self.weights_sha256 or self.weights, "version": PREPROCESSING_VERSION}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """The spec `to_json` wrote. Raises BadSetting for anything else."""
        try:
            spec = cls(**json.loads(text))
            return replace(spec, preprocessing=Preprocessing(spec.preprocessing), head=Head(spec.head))
        except (TypeError, ValueError) as error:
            raise BadSetting(f"This is no model spec: {error}") from error


def _application(backbone: str, preprocessing: Preprocessing) -> ModelSpec:
    return ModelSpec(
        name=backbone.lower(),
        backbone=backbone,
        weights="imagenet",
        weights_sha256=None,
        preprocessing=preprocessing,
    )


def _named() -> dict[str, ModelSpec]:
    specs = [_application(name, mode) for mode, names in _APPLICATIONS.items() for name in names.split()]
    named = {spec.name: spec for spec in specs}
    named["resnet50-article"] = replace(named["resnet50"], name="resnet50-article", head=Head.ARTICLE)
    named["efficientnet-lite0"] = ModelSpec(
        name="efficientnet-lite0",
        backbone=LITE0,
        weights="install",
        weights_sha256=LITE0_SHA256,
        preprocessing=Preprocessing.LITE,
    )
    return named


#: Every model known by name, in lower case.
NAMED = _named()
#: The names to show first; the others are those of keras.applications.
FEATURED = ("efficientnet-lite0", "resnet50", "resnet50-article")


def resolve(model: str, *, weights: Path | None = None, preprocessing: str | None = None) -> ModelSpec:
    """The spec of a name (any case) or of a `.keras` file; `weights` puts a `.keras` file in a name's place.

    Raises BadSetting for an unknown name or preprocessing, ModelUnavailable for a file that cannot be read.
    """
    mode = None if preprocessing is None else _preprocessing(preprocessing)
    if _is_path(model):
        if weights is not None:
            raise BadSetting(f"{model} is a file already, so it takes no weights ({weights}).", "Give one of them.")
        return _from_file(Path(model), mode)
    spec = _by_name(model)
    if weights is not None:
        spec = replace(spec, backbone=FILE, weights=str(weights.absolute()), weights_sha256=sha256_of(weights))
    return spec if mode is None else replace(spec, preprocessing=mode)


def _is_path(model: str) -> bool:
    return model.endswith(".keras") or "/" in model or "\\" in model


def _by_name(model: str) -> ModelSpec:
    spec = NAMED.get(model.lower())
    if spec is None:
        near = difflib.get_close_matches(model.lower(), NAMED, n=3)
        hint = f"Did you mean {_choices(near)}?" if near else f"Known are {_choices(FEATURED)}"
        raise BadSetting(
            f"There is no model named {model!r}. {hint}",
            "Any name of keras.applications or path of a .keras file will do.",
        )
    return spec


def _from_file(path: Path, mode: Preprocessing | None) -> ModelSpec:
    digest = sha256_of(path)
    if mode is None:
        raise BadSetting(
            f"{path} does not say how its pixels are prepared.",
            f"Name its preprocessing: {_choices(Preprocessing)}.",
        )
    return ModelSpec(
        name=path.stem,
        backbone=FILE,
        weights=str(path.absolute()),
        weights_sha256=digest,
        preprocessing=mode,
    )


def _preprocessing(name: str) -> Preprocessing:
    try:
        return Preprocessing(name.lower())
    except ValueError as error:
        raise BadSetting(f"There is no preprocessing {name!r}.", f"Choose {_choices(Preprocessing)}.") from error


def sha256_of(path: Path) -> str:
    if path.suffix != ".keras":
        raise BadSetting(f"{path} is no .keras file.", "Save the whole model with model.save('name.keras').")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"The model file {path} cannot be read: {error.strerror}.") from error


def _choices(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else str(last)

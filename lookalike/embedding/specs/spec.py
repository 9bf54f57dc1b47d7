"""The specification of a model, and its fingerprint."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from lookalike.embedding.specs.scaling import Scaling
from lookalike.embedding.text.side import TextSide
from lookalike.errors import BadSetting
from lookalike.records import WHOLE, Filter, Frame, Framing, Metric
from lookalike.shown import clause

#: Increase it when the same spec gives different vectors; stored images must then be embedded again.
PREPROCESSING_VERSION = 3
#: Increase it when `:int8` rounds otherwise (lookalike/embedding/int8); stored images must then be embedded again.
INT8_RECIPE = 1
#: Dimension of the `projection` and `article` heads.
HEAD_DIMENSION = 256
#: `backbone` of a spec whose graph is a `.keras` file, an ONNX file, or an OpenVINO IR (`.xml` with `.bin`).
FILE, ONNX, IR = "file", "onnx", "openvino_ir"
#: How the backbones begin whose weights come in packages (lites.py), and the dimension of their pooled features.
LITE, LITE_DIMENSION = "EfficientNetLite", 1280
#: Side in pixels of the images that most models take.
IMAGE_SIZE = 224
#: Names and paths do not affect vectors.
_NOT_HASHED = ("name", "weights", "head_file", "graph_file")
#: Fields that older workers and fingerprints do not know; they are left out where nobody chose them.
_LEFT_OUT_IF_UNSET = ("int8", "scaling", "layout", "output", "text", "framing")


class Preprocessing(StrEnum):
    """How RGB values in [0, 255] are prepared for the backbone; `caffe`, `tf` and `torch` are Keras's modes.

    `custom` is no mode that has a name: a spec says its numbers.
    """

    CAFFE = "caffe"
    TF = "tf"
    TORCH = "torch"
    LITE = "lite"
    CLIP = "clip"
    NONE = "none"
    CUSTOM = "custom"


class Pooling(StrEnum):
    """How each channel of the feature map becomes one number: mean, or generalized mean (GeM, p = 3).

    `cls` and `mean` are for transformers in ONNX files that give a vector for each token: the first, or the mean.
    """

    AVERAGE = "average"
    GEM = "gem"
    CLS = "cls"
    MEAN = "mean"

    @property
    def is_of_tokens(self) -> bool:
        return self in (Pooling.CLS, Pooling.MEAN)


class Head(StrEnum):
    """What turns pooled features into a vector; the last three are fitted to images (`lookalike model fit`)."""

    PROJECTION = "projection"
    ARTICLE = "article"
    POOLED = "pooled"
    PCA = "pca"
    LDA = "lda"
    CLASSIFIER = "classifier"

    @property
    def is_fitted(self) -> bool:
        return self in (Head.PCA, Head.LDA, Head.CLASSIFIER)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything that affects a vector.

    `weights` is `imagenet` (fetched by Keras), `install` or the path of a file. `flip`: the features are the mean of
    those of the image and its mirror image. `size` is the side in pixels of the images the graph takes. A fitted head
    is in `head_file`, the quantized graph of the whole model in `graph_file`; each with its digest and dimension.
    `int8`: the backbone computes in 8-bit integers, in ranges that building it measures on drawn images.

    `scaling` has the numbers of a `custom` preprocessing. Of an ONNX file or an IR, `layout` (`nchw` or `nhwc`) and
    `output` (the name of a tensor) say what its graph leaves open. `text` is the encoder of texts in
    the same space, which only searches need. `framing`: what the model sees of an image, None for all of it.
    """

    name: str
    backbone: str
    weights: str
    weights_sha256: str | None
    preprocessing: Preprocessing
    pooling: Pooling = Pooling.AVERAGE
    head: Head = Head.PROJECTION
    flip: bool = False
    size: int = IMAGE_SIZE
    head_file: str | None = None
    head_sha256: str | None = None
    head_dimension: int | None = None
    graph_file: str | None = None
    graph_sha256: str | None = None
    graph_dimension: int | None = None
    int8: bool = False
    scaling: Scaling | None = None
    layout: str | None = None
    output: str | None = None
    text: TextSide | None = None
    framing: Framing | None = None

    @property
    def frame(self) -> Frame:
        """What decoders make of an image for this model."""
        return Frame(self.size, self.framing or WHOLE)

    @property
    def is_imported(self) -> bool:
        """Whether its graph is an ONNX file or an OpenVINO IR, which only OpenVINO runs."""
        return self.backbone in (ONNX, IR)

    @property
    def is_quantized(self) -> bool:
        """Whether it computes in 8-bit integers, which only OpenVINO does."""
        return self.int8 or self.has_graph_file

    @property
    def has_graph_file(self) -> bool:
        """Whether `lookalike model quantize` made it."""
        return self.graph_file is not None

    @property
    def is_ours(self) -> bool:
        """Whether its backbone is one of ours, which is built without Keras (graph/openvino_models.py)."""
        return self.backbone.startswith(LITE)

    @property
    def metric(self) -> Metric:
        return Metric.L2 if self.head is Head.ARTICLE else Metric.COSINE

    @property
    def dimension(self) -> int | None:
        """Length of a vector, or None if only compiling the model tells."""
        if self.has_graph_file:
            return self.graph_dimension
        if self.head.is_fitted:
            return self.head_dimension
        is_file = self.backbone in (FILE, ONNX, IR)
        if self.head is Head.ARTICLE or (self.head is Head.PROJECTION and not is_file):
            return HEAD_DIMENSION
        return LITE_DIMENSION if self.is_ours else None

    @property
    def fingerprint(self) -> str:
        """16 hex digits over what affects vectors: the bytes of weights and head, but no path and no name.

        `int8` is hashed as a recipe, not as the graph it makes, so that it is the same on every machine.
        """
        content = {key: value for key, value in self._content().items() if key not in _NOT_HASHED}
        if not self.has_graph_file:
            # Keeps the fingerprints from before models could be quantized.
            content = {key: value for key, value in content.items() if not key.startswith("graph_")}
        if self.int8:
            content["int8"] = INT8_RECIPE
        if self.text is not None:
            content["text"] = self.text.content()
        content |= {"weights_sha256": self.weights_sha256 or self.weights, "version": PREPROCESSING_VERSION}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps(self._content(), sort_keys=True)

    def _content(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key not in _LEFT_OUT_IF_UNSET or value}

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """The spec `to_json` wrote. Raises BadSetting for anything else."""
        try:
            content = dict(json.loads(text))
            side = content.pop("text", None)
            spec = cls(**content, text=TextSide(**side) if side else None)
            return replace(
                spec,
                preprocessing=Preprocessing(spec.preprocessing),
                pooling=Pooling(spec.pooling),
                head=Head(spec.head),
                scaling=_scaling(spec.scaling),
                framing=_framing(spec.framing),
            )
        except (TypeError, ValueError, KeyError) as error:
            raise BadSetting(f"This is not the description of a model: {clause(error)}.", "Start a new job.") from error


def _scaling(read: Any) -> Scaling | None:
    return None if read is None else Scaling.from_values(**read)


def _framing(read: Any) -> Framing | None:
    return None if read is None else Framing(**{**read, "filter": Filter(read["filter"])})

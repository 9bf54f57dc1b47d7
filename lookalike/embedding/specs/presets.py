"""The preprocessings that have a name, in numbers."""

from collections.abc import Iterable

from lookalike.embedding.specs.scaling import Scaling
from lookalike.embedding.specs.spec import ModelSpec, Preprocessing
from lookalike.errors import BadSetting

#: Origin of caffe, tf and torch: Keras's `imagenet_utils.py`; of lite: `efficientnet_lite_builder.py` of the TensorFlow
#: TPU models; of clip: `clip.py` of OpenAI's CLIP.
PRESETS = {
    Preprocessing.CAFFE: Scaling.from_values([123.68, 116.779, 103.939], 1.0, bgr=True),
    Preprocessing.TF: Scaling.from_values(127.5, 127.5),
    Preprocessing.TORCH: Scaling.from_values([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], white=1.0),
    Preprocessing.LITE: Scaling.from_values(127.0, 128.0),
    Preprocessing.CLIP: Scaling.from_values(
        [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711], white=1.0
    ),
    Preprocessing.NONE: Scaling.from_values(0.0, 1.0),
}


def scaling_of(spec: ModelSpec) -> Scaling:
    """The numbers by which pixels become the input of this model."""
    return spec.scaling or PRESETS[spec.preprocessing]


def named(scaling: Scaling) -> tuple[Preprocessing, Scaling | None]:
    """The preset with these numbers; `custom` and the numbers if none has them. The same numbers give one fingerprint,
    however they were written."""
    for preset, numbers in PRESETS.items():
        if numbers == scaling:
            return preset, None
    return Preprocessing.CUSTOM, scaling


def preset(name: str) -> Preprocessing:
    """Raises BadSetting for an unknown name."""
    for known in PRESETS:
        if known.value == name.lower():
            return known
    raise BadSetting(
        f"There is no preprocessing {name!r}.",
        f"Choose {choices(PRESETS)}, a preprocessor_config.json, or numbers: mean=0.5+std=0.5.",
    )


def choices(names: Iterable[str], conjunction: str = "or") -> str:
    """The names as a list in a sentence."""
    *most, last = names
    return f"{', '.join(most)} {conjunction} {last}" if most else str(last)

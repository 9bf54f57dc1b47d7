"""What comes before a backbone: a factor and an offset for each channel."""

from lookalike.embedding.specs.presets import scaling_of
from lookalike.embedding.specs.spec import ModelSpec, Preprocessing

Numbers = float | list[float]

#: Factor and offset, per channel in the backbone's order, as they have always been rounded: other digits would be other
#: vectors. presets.py names their origin, and has the numbers of the preprocessings that are not here.
_SCALES: dict[Preprocessing, tuple[Numbers, Numbers]] = {
    Preprocessing.CAFFE: (1.0, [-103.939, -116.779, -123.68]),
    Preprocessing.TF: (1 / 127.5, -1.0),
    Preprocessing.TORCH: (
        [1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)],
        [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
    ),
    Preprocessing.LITE: (1 / 128, -127 / 128),
    Preprocessing.NONE: (1.0, 0.0),
}


def scales(spec: ModelSpec) -> tuple[Numbers, Numbers]:
    """Factor and offset, per channel in the backbone's order."""
    known = _SCALES.get(spec.preprocessing)
    if known is not None:
        return known
    scaling = scaling_of(spec)
    pairs = list(zip(scaling.mean, scaling.std, strict=True))[:: -1 if scaling.bgr else 1]
    return [1 / std for _, std in pairs], [-mean / std for mean, std in pairs]


def is_bgr(spec: ModelSpec) -> bool:
    """Whether the backbone takes blue first."""
    return scaling_of(spec).bgr

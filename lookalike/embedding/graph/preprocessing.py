"""What comes before a backbone: a factor and an offset for each channel."""

from lookalike.embedding.specs.spec import Preprocessing

Numbers = float | list[float]

#: Factor and offset, per channel in the backbone's order. Origin of caffe, tf and torch: Keras's `imagenet_utils.py`;
#: of lite: `efficientnet_lite_builder.py` of the TensorFlow TPU models.
SCALES: dict[Preprocessing, tuple[Numbers, Numbers]] = {
    Preprocessing.CAFFE: (1.0, [-103.939, -116.779, -123.68]),
    Preprocessing.TF: (1 / 127.5, -1.0),
    Preprocessing.TORCH: (
        [1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)],
        [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
    ),
    Preprocessing.LITE: (1 / 128, -127 / 128),
    Preprocessing.NONE: (1.0, 0.0),
}


def is_bgr(preprocessing: Preprocessing) -> bool:
    """Whether the backbone takes blue first."""
    return preprocessing is Preprocessing.CAFFE

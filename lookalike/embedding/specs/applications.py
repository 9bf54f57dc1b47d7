"""The models known by name: the classes of keras.applications, and those whose weights come in packages."""

from dataclasses import replace

from lookalike.embedding.specs.lites import LITES, Lite
from lookalike.embedding.specs.spec import IMAGE_SIZE, Head, ModelSpec, Preprocessing
from lookalike.embedding.text.side import WORDS

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
#: Sides in pixels of the images a class was trained on, where it is not the usual one: Keras's `default_size`.
_SIZES = {
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "Xception": 299,
    "NASNetLarge": 331,
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
}

#: The default model with words for what the demo draws; images have the default model's vectors.
DEMO_PAIR = "demo-pair"


def _application(backbone: str, preprocessing: Preprocessing) -> ModelSpec:
    return ModelSpec(
        name=backbone.lower(),
        backbone=backbone,
        weights="imagenet",
        weights_sha256=None,
        preprocessing=preprocessing,
        size=_SIZES.get(backbone, IMAGE_SIZE),
    )


def _named() -> dict[str, ModelSpec]:
    specs = [_application(name, mode) for mode, names in _APPLICATIONS.items() for name in names.split()]
    named = {spec.name: spec for spec in specs}
    named["resnet50-article"] = replace(named["resnet50"], name="resnet50-article", head=Head.ARTICLE)
    named |= {lite.name: _of_lite(lite) for lite in LITES}
    return named | {DEMO_PAIR: replace(named[LITES[0].name], name=DEMO_PAIR, text=WORDS)}


def _of_lite(lite: Lite) -> ModelSpec:
    return ModelSpec(
        name=lite.name,
        backbone=lite.backbone,
        weights="install",
        weights_sha256=lite.sha256,
        preprocessing=Preprocessing.LITE,
        size=lite.size,
    )


#: Every model known by name, in lower case.
NAMED = _named()
#: The names to show first; the others are those of keras.applications.
FEATURED = ("efficientnet-lite0", "efficientnet-lite2", "resnet50", "resnet50-article")

"""What `--preprocessing` says: presets, numbers, files and options."""

import json
from pathlib import Path
from typing import Any

import pytest

from lookalike.embedding import Preprocessing
from lookalike.embedding.specs.preparation import Preparation, composed, parse
from lookalike.embedding.specs.presets import PRESETS
from lookalike.embedding.specs.scaling import Scaling
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import WHOLE, Filter, Framing

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def test_a_preset_takes_options() -> None:
    said = parse("torch:size=384+layout=NHWC+output=/vision/Gather:0+1")
    assert said == Preparation(Preprocessing.TORCH, None, None, 384, None, "nhwc", "/vision/Gather:0+1")
    assert parse("layout=nchw") == Preparation(layout="nchw")
    assert parse("torch+size=384") == parse("torch:size=384")


@pytest.mark.parametrize(
    "text",
    [
        "mean=0.485,0.456,0.406+std=0.229,0.224,0.225",
        "mean=123.675,116.28,103.53+std=58.395,57.12,57.375+rescale=1",
        "std=.229,.224,.225+rescale=1/255+mean=.485,.456,.406",
    ],
)
def test_the_same_numbers_are_the_same_preprocessing(text: str) -> None:
    assert parse(text).preprocessing is Preprocessing.TORCH


def test_numbers_without_a_name_are_kept_for_values_to_255() -> None:
    said = parse("mean=0.5+std=0.25+channels=bgr")
    assert (said.preprocessing, said.scaling) == (Preprocessing.CUSTOM, Scaling((127.5,) * 3, (63.75,) * 3, bgr=True))
    assert parse("mean=127.5+std=127.5+rescale=1").preprocessing is Preprocessing.TF
    assert parse("rescale=1").preprocessing is Preprocessing.NONE
    blue_first = parse("torch:channels=bgr").scaling
    assert blue_first is not None and blue_first.mean == PRESETS[Preprocessing.TORCH].mean and blue_first.bgr


def test_the_ends_of_a_scaling_are_what_a_model_gets() -> None:
    assert PRESETS[Preprocessing.TF].ends == (-1.0, 1.0)
    assert str(PRESETS[Preprocessing.NONE].ends) == "(0.0, 255.0)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blur", "There is no preprocessing 'blur'"),
        ("custom", "There is no preprocessing 'custom'"),
        ("torch:sise=3", "There is no preprocessing"),
        ("torch:mean=0.5", "torch has numbers of its own"),
        ("mean=0.5,0.5+std=1", "mean is one number, or one for each"),
        ("mean=nan", "mean is one number, or one for each"),
        ("mean=123.7+std=58", "a mean of 123.7 does not fit values from 0 to 1"),
        ("std=0", "each std must be above 0"),
        ("std=1e-300", "each std must be above 0"),
        ("rescale=0+mean=0", "none"),
        ("rescale=1/0", "cannot be used"),
        ("mean=0+rescale=1e-320", "none"),
        ("mean=a", "cannot be used"),
        ("mean=", "gives no mean"),
        ("size=0", "no input of a model"),
        ("size=5000", "no input of a model"),
        ("size=1.5", "no input of a model"),
        ("size=224+size=256", "one size"),
        ("layout=chw", "no layout"),
        ("torch:channels=grb", "no channels"),
        ("channels=bgr", "order of channels only"),
        ("torch:crop=0", "0 is no share of a side"),
        ("torch:crop=256/224", "no share of a side"),
        ("torch:crop=nan", "no share of a side"),
        ("torch:crop=middle", "cannot be used"),
        ("torch:filter=sinc", "no filter 'sinc'"),
    ],
)
def test_what_cannot_be_a_preprocessing_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said) as caught:
        parse(text)
    assert caught.value.advice


def test_what_is_seen_of_an_image_is_said() -> None:
    assert parse("torch").framing is None
    assert parse("torch:crop=224/256+filter=BICUBIC").framing == Framing(Filter.BICUBIC, 0.875)
    assert parse("crop=none").unusual_framing is None and parse("crop=none").framing == WHOLE
    assert parse("torch:filter=lanczos").framing == Framing(Filter.LANCZOS)


def test_options_are_put_together() -> None:
    assert composed("torch", {"size": 224, "output": None}) == "torch:size=224"
    assert composed("torch:size=224", {"output": "a"}) == "torch:size=224+output=a"
    assert composed(None, {"mean": "0.5", "std": "0.5"}) == "mean=0.5+std=0.5"
    assert composed(None, {"mean": None}) is None and composed("tf", {}) == "tf"


def config(folder: Path, content: Any) -> str:
    path = folder / "preprocessor_config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ("content", "preprocessing", "size"),
    [
        (IMAGENET | {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}, "torch", 224),
        (IMAGENET | {"size": 240, "do_center_crop": False, "crop_size": 224}, "torch", 240),
        ({"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 384, "width": 384}}, "tf", 384),
        ({"image_processor": IMAGENET | {"rescale_factor": 1 / 255}}, "torch", None),
        ({"do_normalize": False, "do_rescale": False, "size": 224}, "none", 224),
        ({"image_mean": 0.5, "image_std": 0.5, "rescale_factor": 1 / 127.5}, "custom", None),
    ],
)
def test_a_file_of_the_authors_is_read(content: Any, preprocessing: str, size: int | None, tmp_path: Path) -> None:
    said = parse(config(tmp_path, content))
    assert (said.preprocessing, said.usual_size, said.size) == (preprocessing, size, None)


SHORTEST_256 = IMAGENET | {"size": {"shortest_edge": 256}}


@pytest.mark.parametrize(
    ("content", "framing"),
    [
        (IMAGENET | {"size": {"height": 224, "width": 224}, "resample": 3}, Framing(Filter.BICUBIC)),
        (IMAGENET | {"size": 224, "resample": 2}, WHOLE),
        (SHORTEST_256 | {"crop_size": {"height": 224, "width": 224}, "resample": 3}, Framing(Filter.BICUBIC, 0.875)),
        (SHORTEST_256 | {"crop_size": 256, "do_center_crop": True}, Framing(crop=1.0)),
        (
            IMAGENET | {"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 1},
            Framing(Filter.LANCZOS, 1.0),
        ),
        (IMAGENET | {"size": {"shortest_edge": 224}, "crop_pct": 0.875}, Framing(crop=0.875)),
        (IMAGENET | {"size": {"shortest_edge": 384}, "crop_pct": 0.875}, WHOLE),
        (IMAGENET | {"size": {"height": 256, "width": 256}, "crop_size": 224}, Framing(crop=0.875, is_squeezed=True)),
        (
            IMAGENET | {"size": 256, "crop_size": 224, "feature_extractor_type": "DeiTFeatureExtractor"},
            Framing(crop=0.875, is_squeezed=True),
        ),
        (IMAGENET | {"size": {"height": 224, "width": 224}, "crop_size": 224}, WHOLE),
        (SHORTEST_256 | {"do_resize": False}, WHOLE),
    ],
)
def test_a_file_of_the_authors_says_what_is_seen(content: Any, framing: Framing, tmp_path: Path) -> None:
    assert parse(config(tmp_path, content)).framing == framing
    assert parse(config(tmp_path, content) + ":crop=none+filter=bilinear").unusual_framing is None


def test_a_file_with_blue_first_and_options(tmp_path: Path) -> None:
    content = {"do_normalize": False, "do_flip_channel_order": True, "size": 256}
    said = parse(config(tmp_path, content) + ":size=320+output=pooled")
    assert said.scaling == Scaling((0.0,) * 3, (255.0,) * 3, bgr=True)
    assert (said.size, said.output) == (320, "pooled")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be used"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "cannot be used"),
        ('{"image_processor": 3}', "not a JSON object"),
        ({"size": 224}, "no image_mean and image_std"),
        ({"image_mean": [0.5, 0.5], "image_std": 1}, "one for each"),
        ('{"image_mean": NaN, "image_std": 1}', "one for each"),
        ({"image_mean": "0.5", "image_std": 1}, "one for each"),
        (IMAGENET | {"rescale_factor": [1]}, "cannot be used"),
        (IMAGENET | {"size": {"height": 224, "width": 196}}, "not square"),
        (IMAGENET | {"size": 100_000}, "no input of a model"),
        (IMAGENET | {"size": {"longest_edge": 99}}, "keeps their proportions and crops nothing"),
        (SHORTEST_256, "keeps their proportions and crops nothing"),
        (SHORTEST_256 | {"crop_size": 288}, "1.125 is no share of a side"),
        (SHORTEST_256 | {"do_center_crop": True}, "does not say from which size to which one"),
        (SHORTEST_256 | {"crop_size": 224, "do_resize": False}, "does not say from which size to which one"),
        (IMAGENET | {"size": 224, "resample": 7}, "no filter 7"),
        (IMAGENET | {"size": 224, "resample": "bicubic"}, "no filter bicubic"),
        (IMAGENET | {"size": 224, "do_pad": True}, "asks for do_pad"),
        (IMAGENET | {"size": 224, "include_top": True}, "asks for include_top"),
        (" " * (1 << 21), "too large"),
    ],
)
def test_a_file_that_says_nothing_usable_is_refused(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=said):
        parse(config(tmp_path, content))


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"absent\.json cannot be read"):
        parse(str(tmp_path / "absent.json"))

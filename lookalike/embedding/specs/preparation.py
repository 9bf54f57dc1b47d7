"""What somebody says about the input and the output of a model, in one text: the value of `--preprocessing`.

torch                                       a preset
torch:size=384+output=embedding             a preset, and options
preprocessor_config.json:size=384           numbers from a file of the model's authors, and options
mean=0.5,0.4,0.3+std=0.2                    numbers, of values from 0 to 1
mean=127.5+std=128+rescale=1                the same, of values from 0 to 255
layout=nhwc+output=embedding                options alone
clip:crop=1+filter=bicubic                  numbers, and what is seen of an image

Options: mean, std (one number, or one for red, green and blue), rescale (by what a value from 0 to 255 is multiplied
first; 1/255 if not said), channels (rgb or bgr), crop (none, or the share of the shorter side that is the side of the
square in the middle), filter, size (pixels), layout (nchw or nhwc), output (the name of a tensor).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from lookalike.embedding.specs import preprocessor_config
from lookalike.embedding.specs.preprocessor_config import share_of
from lookalike.embedding.specs.presets import PRESETS, choices, named, preset
from lookalike.embedding.specs.scaling import WHITE, Scaling
from lookalike.embedding.specs.spec import Preprocessing
from lookalike.errors import BadSetting
from lookalike.records import WHOLE, Filter, Framing
from lookalike.shown import clause, shown

#: Sides of images that a model may take. The largest known take 1,024; an image of 2,048 is 12 MB.
LEAST_SIZE, MOST_SIZE = 8, 2048
LAYOUTS = ("nchw", "nhwc")
CHANNELS = ("rgb", "bgr")
NO_CROP = "none"
_NAMES = ("mean", "std", "rescale", "channels", "crop", "filter", "size", "layout", "output")
_NUMBERS = ("mean", "std", "rescale")
#: Where options begin, and where the next one does: what else is in a path or a tensor's name is no separator.
_BEGIN = re.compile(rf"(?:^|[:+])(?=(?:{'|'.join(_NAMES)})=)")
_NEXT = re.compile(rf"\+(?=(?:{'|'.join(_NAMES)})=)")


@dataclass(frozen=True)
class Preparation:
    """What was said; None is what was not. `preprocessing` is `custom` where `scaling` has numbers without a name.

    `usual_size` is for a graph that takes any size: a file that describes a model does not know which graph it is.
    """

    preprocessing: Preprocessing | None = None
    scaling: Scaling | None = None
    framing: Framing | None = None
    size: int | None = None
    usual_size: int | None = None
    layout: str | None = None
    output: str | None = None

    @property
    def is_of_graphs(self) -> bool:
        """Whether it says something that only ONNX files and IRs need."""
        return self.layout is not None or self.output is not None

    @property
    def unusual_framing(self) -> Framing | None:
        """None for the one that models have by default."""
        return None if self.framing == WHOLE else self.framing

    def completed(self, other: "Preparation") -> "Preparation":
        """With what `other` says in addition."""
        missing = [field.name for field in fields(self) if getattr(self, field.name) is None]
        if self.preprocessing is not None:
            # Numbers belong to their name, and so does what is seen of an image.
            missing = [name for name in missing if name not in ("preprocessing", "scaling", "framing")]
        return replace(self, **{name: getattr(other, name) for name in missing})


def parse(text: str) -> Preparation:
    """Raises BadSetting."""
    begin = _BEGIN.search(text)
    base, rest = (text, "") if begin is None else (text[: begin.start()], text[begin.end() :])
    options = _options(rest) if rest else {}
    said = _of_base(base) if base else Preparation()
    return _with_options(said, base, options, text) if options else said


def composed(base: str | None, options: Mapping[str, object]) -> str | None:
    """The text for a preset, a file or a text with options, and further options; those that are None are left out."""
    given = "+".join(f"{name}={value}" for name, value in options.items() if value is not None)
    if not (base and given):
        return given or base
    return f"{base}{'+' if _BEGIN.search(base) else ':'}{given}"


def of_config(path: Path) -> Preparation:
    """What a preprocessor_config.json says. Raises BadSetting."""
    config = preprocessor_config.read(path)
    preprocessing, scaling = named(config.scaling)
    return Preparation(
        preprocessing, scaling, config.framing, usual_size=None if config.size is None else size_of(config.size)
    )


def _of_base(base: str) -> Preparation:
    if base.endswith(".json") or "/" in base or "\\" in base:
        return of_config(Path(base))
    return Preparation(preset(base))


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in _NEXT.split(text):
        name, _, value = item.partition("=")
        if name in found:
            raise BadSetting(f"A preprocessing has one {name}, not {found[name]!r} and {value!r}.", "Give one of them.")
        if not value:
            raise BadSetting(f"The preprocessing {text!r} gives no {name}.", f"Write {name}=VALUE, or leave it out.")
        found[name] = value
    return found


def _with_options(said: Preparation, base: str, options: dict[str, str], text: str) -> Preparation:
    numbers = [name for name in _NUMBERS if name in options]
    if base and numbers:
        what = f"{base} has numbers of its own, so it takes no {numbers[0]} ({text})."
        raise BadSetting(what, "Give the preset, the file or the numbers.")
    scaling = _scaling(options, text) if numbers else _numbers_of(said)
    if "channels" in options:
        is_bgr = _one_of("channels", options["channels"], CHANNELS) == "bgr"
        if scaling is None:
            what = f"The preprocessing {text!r} says the order of channels only."
            raise BadSetting(what, "Name a preset or numbers as well: torch:channels=bgr.")
        scaling = replace(scaling, bgr=is_bgr)
    if scaling is not None:
        preprocessing, custom = named(scaling)
        said = replace(said, preprocessing=preprocessing, scaling=custom)
    return replace(
        said,
        framing=_framing(said.framing, options, text),
        size=size_of(options["size"]) if "size" in options else said.size,
        layout=_one_of("layout", options["layout"], LAYOUTS) if "layout" in options else None,
        output=options.get("output"),
    )


def _framing(known: Framing | None, options: dict[str, str], text: str) -> Framing | None:
    """What is known of it, with what the options say."""
    framing = known or WHOLE
    if "filter" in options:
        framing = replace(framing, filter=Filter(_one_of("filter", options["filter"], tuple(Filter))))
    if "crop" in options:
        framing = replace(framing, crop=_crop(options["crop"], text), is_squeezed=False)
    return framing if {"filter", "crop"} & set(options) else known


def _crop(given: str, text: str) -> float | None:
    if given.lower() == NO_CROP:
        return None
    try:
        return share_of(_factor(given))
    except (ValueError, ArithmeticError) as error:
        what = f"The preprocessing {shown(text)} cannot be used: {clause(error)}."
        raise BadSetting(what, "Give the share of the shorter side, such as crop=224/256, or crop=none.") from error


def _numbers_of(said: Preparation) -> Scaling | None:
    return None if said.preprocessing is None else said.scaling or PRESETS[said.preprocessing]


def _scaling(options: dict[str, str], text: str) -> Scaling:
    try:
        factor = _factor(options.get("rescale", "1/255"))
        mean, std = (_list(options.get(name, default)) for name, default in (("mean", "0"), ("std", "1")))
        return Scaling.from_values(mean, std, white=WHITE * factor)
    except (ValueError, ArithmeticError) as error:
        raise BadSetting(
            f"The preprocessing {shown(text)} cannot be used: {clause(error)}.",
            "Numbers are of values from 0 to 1 (mean=0.5+std=0.5); with rescale=1, of values from 0 to 255.",
        ) from error


def _list(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _factor(text: str) -> float:
    """A number, or a fraction such as 1/255."""
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def size_of(value: str | int) -> int:
    """A side in pixels. Raises BadSetting."""
    try:
        size = int(value)
    except ValueError:
        size = 0
    if not LEAST_SIZE <= size <= MOST_SIZE:
        what = f"Images of {shown(value)} pixels are no input of a model."
        raise BadSetting(what, f"Give the side of the square as a whole number from {LEAST_SIZE} to {MOST_SIZE}.")
    return size


def _one_of(what: str, value: str, known: tuple[str, ...]) -> str:
    if value.lower() not in known:
        raise BadSetting(f"There is no {what} {shown(value)}.", f"Choose {choices(known)}.")
    return value.lower()

"""Resolves what a user writes to a spec: the name of a model or a `.keras` file, with options after a colon.

efficientnet-lite0          as it is known: average pooling, projected to 256 numbers
resnet50:pooled             the pooled features themselves
resnet50:gem+flip+pooled    any options, in any order: a head, a pooling, and whether mirror images count as well
resnet50:flip+int8          the same, computed in 8-bit integers
path/to/file.keras:gem      the same for a file
celebrities                 a model made by `lookalike model fit` or `model quantize`; takes no options
"""

import difflib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lookalike.embedding.artifacts import fitted, quantized
from lookalike.embedding.specs.applications import FEATURED, NAMED
from lookalike.embedding.specs.keras_file import SUFFIX, image_size, sha256_of
from lookalike.embedding.specs.spec import FILE, Head, ModelSpec, Pooling, Preprocessing
from lookalike.errors import BadSetting
from lookalike.shown import shown

FLIP = "flip"
INT8 = "int8"
#: Options and the head or pooling that they choose; `flip` and `int8` are neither.
_HEADS = {"projected": Head.PROJECTION, "pooled": Head.POOLED, "article": Head.ARTICLE}
_POOLINGS = {pooling.value: pooling for pooling in Pooling}
OPTIONS = (*_HEADS, *_POOLINGS, FLIP, INT8)


def resolve(
    model: str, *, weights: Path | None = None, preprocessing: str | None = None, home: Path | None = None
) -> ModelSpec:
    """The spec of a name (any case) or of a `.keras` file, with options; `weights` puts a `.keras` file in a name's
    place. Fitted and quantized models are looked for under `home`.

    Raises BadSetting for an unknown name, option or preprocessing, ModelUnavailable for a file that cannot be read.
    """
    mode = None if preprocessing is None else _preprocessing(preprocessing)
    name, options = _split(model)
    if _is_path(name):
        if weights is not None:
            raise BadSetting(f"{name} is a file already, so it takes no weights ({weights}).", "Give one of them.")
        return _with_options(_from_file(Path(name), mode), options)
    if home is not None and name.lower() not in NAMED and fitted.exists(home, name.lower()):
        return _made(fitted.read(home, name.lower()).spec, "fitted", options, weights, mode)
    if home is not None and quantized.exists(home, name.lower()):
        return _made(quantized.read(home, name.lower()).spec, "quantized", options, weights, mode)
    spec = _by_name(name, home)
    if weights is not None:
        spec = _on_weights(spec, weights)
    return _with_options(spec if mode is None else replace(spec, preprocessing=mode), options)


def _split(model: str) -> tuple[str, list[str]]:
    """Split off the options. A path may contain a colon, too: options follow the file's suffix."""
    name, colon, options = model.rpartition(":")
    if not colon or (_is_path(model) and not name.endswith(SUFFIX)):
        return model, []
    return name, options.lower().split("+")


def _is_path(model: str) -> bool:
    return model.endswith(SUFFIX) or "/" in model or "\\" in model


def _with_options(spec: ModelSpec, options: list[str]) -> ModelSpec:
    for option in options:
        if option not in OPTIONS:
            raise BadSetting(f"There is no option {option!r} of a model.", f"Choose {_choices(OPTIONS)}.")
    heads = [option for option in options if option in _HEADS]
    poolings = [option for option in options if option in _POOLINGS]
    for several in (heads, poolings):
        if len(several) > 1:
            raise BadSetting(f"A model is {_choices(several)}, not both.", "Give one of them.")
    changed = replace(
        spec,
        head=_HEADS[heads[0]] if heads else spec.head,
        pooling=_POOLINGS[poolings[0]] if poolings else spec.pooling,
        flip=spec.flip or FLIP in options,
        int8=spec.int8 or INT8 in options,
    )
    return replace(changed, name=_named(spec, changed))


def _named(known: ModelSpec, spec: ModelSpec) -> str:
    """The known name, and the options that change the spec, in a fixed order."""
    options = [option for option, head in _HEADS.items() if head is spec.head and head is not known.head]
    options += [spec.pooling.value] if spec.pooling is not known.pooling else []
    options += [FLIP] if spec.flip else []
    options += [INT8] if spec.int8 else []
    return f"{known.name}:{'+'.join(options)}" if options else known.name


def _by_name(name: str, home: Path | None) -> ModelSpec:
    spec = NAMED.get(name.lower())
    if spec is None:
        known = [*NAMED, *([*fitted.names(home), *quantized.names(home)] if home is not None else ())]
        near = difflib.get_close_matches(name.lower(), known, n=3)
        hint = f"Did you mean {_choices(near)}?" if near else f"Known are {_choices(FEATURED, 'and')}."
        raise BadSetting(
            f"There is no model named {shown(name)}.",
            f"{hint} Any name of keras.applications or path of a .keras file will do.",
        )
    return spec


def _on_weights(spec: ModelSpec, weights: Path) -> ModelSpec:
    return replace(
        spec,
        backbone=FILE,
        weights=str(weights.absolute()),
        weights_sha256=sha256_of(weights),
        size=image_size(weights),
    )


def _made(
    spec: ModelSpec, how: str, options: list[str], weights: Path | None, preprocessing: Preprocessing | None
) -> ModelSpec:
    """The spec of a fitted or quantized model (`how`), if the settings agree with it."""
    if options:
        raise BadSetting(
            f"{spec.name} was {how} with its options and takes no other ({'+'.join(options)}).",
            "Make another model of a base with these options: --model NAME:OPTIONS.",
        )
    if preprocessing not in (None, spec.preprocessing):
        raise BadSetting(
            f"{spec.name} was {how} with the preprocessing {spec.preprocessing}, not {preprocessing}.",
            "Leave --preprocessing out.",
        )
    if weights is None or spec.backbone != FILE:
        # A fitted or quantized model names its own weights; those of the settings are for other models.
        return spec
    if sha256_of(weights) != spec.weights_sha256:
        what = f"{spec.name} was {how} on {spec.weights}, and {weights} is another model."
        raise BadSetting(what, "Leave --weights out.")
    return replace(spec, weights=str(weights.absolute()))


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
        size=image_size(path),
    )


def _preprocessing(name: str) -> Preprocessing:
    try:
        return Preprocessing(name.lower())
    except ValueError as error:
        raise BadSetting(f"There is no preprocessing {name!r}.", f"Choose {_choices(Preprocessing)}.") from error


def _choices(names: Iterable[str], conjunction: str = "or") -> str:
    *most, last = names
    return f"{', '.join(most)} {conjunction} {last}" if most else str(last)

"""Resolves what a user writes to a spec: the name of a model or a file with one, with options after a colon.

efficientnet-lite0          as it is known: average pooling, projected to 256 numbers
resnet50:pooled             the pooled features themselves
resnet50:gem+flip+pooled    any options, in any order: a head, a pooling, and whether mirror images count as well
resnet50:flip+int8          the same, computed in 8-bit integers
path/to/file.keras:gem      the same for a file
path/to/file.onnx:int8      and for an ONNX file, or the .xml of an OpenVINO IR
celebrities                 a model made by `lookalike model fit` or `model quantize`; takes no options
clip:flip                   a model kept by `lookalike model add`
"""

import difflib
from dataclasses import replace
from pathlib import Path

from lookalike.embedding.artifacts import added, fitted, quantized
from lookalike.embedding.specs import graph_file, model_file
from lookalike.embedding.specs.applications import FEATURED, NAMED
from lookalike.embedding.specs.keras_file import SUFFIX, image_size, sha256_of
from lookalike.embedding.specs.preparation import Preparation, parse
from lookalike.embedding.specs.presets import PRESETS, choices
from lookalike.embedding.specs.spec import FILE, Head, ModelSpec, Pooling
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
    """The spec of a name (any case) or of a file, with options; `weights` puts a `.keras` file in a name's place.
    `preprocessing` is what preparation.py reads. Fitted, quantized and added models are looked for under `home`.

    Raises BadSetting for an unknown name, option or preprocessing, ModelUnavailable for a file that cannot be read.
    """
    said = Preparation() if preprocessing is None else parse(preprocessing)
    name, options = _split(model)
    if _is_path(name):
        if weights is not None:
            raise BadSetting(f"{name} is a file already, so it takes no weights ({weights}).", "Give one of them.")
        return _with_options(_from_file(Path(name), said), options)
    if home is not None and name.lower() not in NAMED and fitted.exists(home, name.lower()):
        return _made(fitted.read(home, name.lower()).spec, "fitted", options, weights, said)
    if home is not None and quantized.exists(home, name.lower()):
        return _made(quantized.read(home, name.lower()).spec, "quantized", options, weights, said)
    if home is not None and name.lower() not in NAMED and added.exists(home, name.lower()):
        kept = added.read(home, name.lower()).spec
        _check_agrees(kept, "added", said)
        return _beside_texts(kept, _with_options(kept, options))
    known = _by_name(name, home)
    spec = known if weights is None else _on_weights(known, weights)
    return _beside_texts(known, _with_options(_prepared(spec, said), options))


def is_file(model: str) -> bool:
    """Whether it names a file, with or without options."""
    return _is_path(_split(model)[0])


def _split(model: str) -> tuple[str, list[str]]:
    """Split off the options. A path may contain a colon, too: options follow the file's suffix."""
    name, colon, options = model.rpartition(":")
    if not colon or (_is_path(model) and not _has_suffix(name)):
        return model, []
    return name, options.lower().split("+")


def _is_path(model: str) -> bool:
    return _has_suffix(model) or "/" in model or "\\" in model


def _has_suffix(name: str) -> bool:
    return name.endswith(SUFFIX) or name.lower().endswith(graph_file.SUFFIXES)


def _with_options(spec: ModelSpec, options: list[str]) -> ModelSpec:
    for option in options:
        if option not in OPTIONS:
            raise BadSetting(f"There is no option {option!r} of a model.", f"Choose {choices(OPTIONS)}.")
    heads = [option for option in options if option in _HEADS]
    poolings = [option for option in options if option in _POOLINGS]
    for several in (heads, poolings):
        if len(several) > 1:
            raise BadSetting(f"A model is {choices(several)}, not both.", "Give one of them.")
    if poolings and _POOLINGS[poolings[0]].is_of_tokens and not spec.is_imported:
        what = f"The option {poolings[0]} is for ONNX files that give a vector for each token; {spec.name} is none."
        raise BadSetting(what, "Leave it out.")
    changed = replace(
        spec,
        head=_HEADS[heads[0]] if heads else spec.head,
        pooling=_POOLINGS[poolings[0]] if poolings else spec.pooling,
        flip=spec.flip or FLIP in options,
        int8=spec.int8 or INT8 in options,
    )
    return replace(changed, name=_named(spec, changed))


def _beside_texts(known: ModelSpec, spec: ModelSpec) -> ModelSpec:
    """The spec that options make of a known one. Raises BadSetting if they lead out of the space of its texts."""
    if known.text is not None and replace(spec, name=known.name, flip=known.flip, int8=known.int8) != known:
        raise BadSetting(
            f"{known.name} has a text side, which belongs to the vectors that its images have.",
            f"Leave out weights, preprocessing and every option but {FLIP} and {INT8}.",
        )
    return spec


def _named(known: ModelSpec, spec: ModelSpec) -> str:
    """The known name, and the options that change the spec, in a fixed order."""
    options = [option for option, head in _HEADS.items() if head is spec.head and head is not known.head]
    options += [spec.pooling.value] if spec.pooling is not known.pooling else []
    options += [FLIP] if spec.flip and not known.flip else []
    options += [INT8] if spec.int8 and not known.int8 else []
    return f"{known.name}:{'+'.join(options)}" if options else known.name


def _by_name(name: str, home: Path | None) -> ModelSpec:
    spec = NAMED.get(name.lower())
    if spec is None:
        kept = (fitted, quantized, added) if home is not None else ()
        known = [*NAMED, *(name for store in kept for name in store.names(home))]
        near = difflib.get_close_matches(name.lower(), known, n=3)
        hint = f"Did you mean {choices(near)}?" if near else f"Known are {choices(FEATURED, 'and')}."
        raise BadSetting(
            f"There is no model named {shown(name)}.",
            f"{hint} `lookalike model list` lists models, yours too. Names of keras.applications and paths of .keras "
            "and .onnx files also work.",
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


def _made(spec: ModelSpec, how: str, options: list[str], weights: Path | None, said: Preparation) -> ModelSpec:
    """The spec of a fitted or quantized model (`how`), if the settings agree with it."""
    if options:
        raise BadSetting(
            f"{spec.name} was {how} with its options and takes no other ({'+'.join(options)}).",
            "Make another model of a base with these options: --model NAME:OPTIONS.",
        )
    _check_agrees(spec, how, said)
    if weights is None or spec.backbone != FILE:
        # A fitted or quantized model names its own weights; those of the settings are for other models.
        return spec
    if sha256_of(weights) != spec.weights_sha256:
        what = f"{spec.name} was {how} on {spec.weights}, and {weights} is another model."
        raise BadSetting(what, "Leave --weights out.")
    return replace(spec, weights=str(weights.absolute()))


def _check_agrees(spec: ModelSpec, how: str, said: Preparation) -> None:
    """Raises BadSetting if something else is said than what the model was made with."""
    if said.preprocessing not in (None, spec.preprocessing):
        raise BadSetting(
            f"{spec.name} was {how} with the preprocessing {spec.preprocessing}, not {said.preprocessing}.",
            "Leave --preprocessing out.",
        )
    names = ("scaling", "size", "layout", "output")
    is_other = said.framing not in (None, spec.frame.framing)
    if is_other or any(getattr(said, name) not in (None, getattr(spec, name)) for name in names):
        raise BadSetting(f"{spec.name} was {how} with another preprocessing.", "Leave --preprocessing out.")


def _prepared(spec: ModelSpec, said: Preparation) -> ModelSpec:
    """The spec with the preprocessing that was said, if any. Raises BadSetting."""
    if said.is_of_graphs:
        what = f"{spec.name} says itself what its input and its output are."
        raise BadSetting(what, "Leave out layout and output, which are for ONNX files and OpenVINO models.")
    if said.size not in (None, spec.size):
        what = f"{spec.name} takes images of {spec.size} x {spec.size} pixels, not of {said.size}."
        raise BadSetting(what, "Leave the size out.")
    if said.framing is not None:
        spec = replace(spec, framing=said.unusual_framing)
    if said.preprocessing is None:
        return spec
    return replace(spec, preprocessing=said.preprocessing, scaling=said.scaling)


def _from_file(path: Path, said: Preparation) -> ModelSpec:
    if model_file.is_graph(path):
        return graph_file.spec_of(path, said)
    digest = sha256_of(path)
    if said.preprocessing is None:
        raise BadSetting(
            f"{path} does not say how its pixels are prepared.",
            f"Name its preprocessing: {choices(PRESETS)}.",
        )
    spec = ModelSpec(
        name=path.stem,
        backbone=FILE,
        weights=str(path.absolute()),
        weights_sha256=digest,
        preprocessing=said.preprocessing,
        size=image_size(path),
    )
    return _prepared(spec, said)

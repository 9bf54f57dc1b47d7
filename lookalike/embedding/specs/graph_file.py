"""The spec of an ONNX file or an OpenVINO IR: its input, what was said of it, and a digest of all that it reads."""

import hashlib
from pathlib import Path

from lookalike.embedding.specs import external_data, ir_file, onnx_file, preprocessor_config
from lookalike.embedding.specs.graph_facts import GraphFacts, GraphInput
from lookalike.embedding.specs.preparation import Preparation, of_config, size_of
from lookalike.embedding.specs.presets import PRESETS, choices
from lookalike.embedding.specs.regular import opened
from lookalike.embedding.specs.spec import IR, ONNX, Head, ModelSpec, Preprocessing
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.shown import shown

SUFFIXES = (onnx_file.SUFFIX, ir_file.SUFFIX)
#: Types of numbers that pixels can become.
KINDS = ("f32", "f16", "bf16", "f64", "u8")
#: Axes of height and width, and of channels.
PLACES = {"nchw": (2, 3), "nhwc": (1, 2)}
CHANNELS = {"nchw": 1, "nhwc": 3}
_COLOURS = 3
#: Most names that a message repeats.
_NAMED = 5


def spec_of(path: Path, said: Preparation) -> ModelSpec:
    """The spec of a file; `preprocessor_config.json` beside it completes what was said. The vector is the model's own,
    of unit length. Raises BadSetting, ModelUnavailable."""
    facts = facts_of(path)
    entry = _image_input(path, facts)
    fixed = _fixed_size(path, entry, said.layout or layout_of(entry))
    config = preprocessor_config.beside(path)
    is_size_open = fixed is None and said.size is None
    if config is not None and (said.preprocessing is None or is_size_open):
        said = said.completed(of_config(config))
    if said.preprocessing is None:
        raise BadSetting(
            f"{path} does not say how its pixels are prepared.",
            f"Name its preprocessing ({choices(PRESETS)}), or put its {preprocessor_config.FILE} beside it.",
        )
    if entry.kind == "u8" and said.preprocessing is not Preprocessing.NONE:
        what = f"{path} takes pixels as they are (u8), so that {said.preprocessing} would spoil them."
        raise BadSetting(what, "Use --preprocessing none.")
    return ModelSpec(
        name=path.stem,
        backbone=ONNX if path.suffix.lower() == onnx_file.SUFFIX else IR,
        weights=str(path.absolute()),
        weights_sha256=sha256_of(path, facts),
        preprocessing=said.preprocessing,
        scaling=said.scaling,
        framing=said.unusual_framing,
        size=_size(path, said, fixed),
        head=Head.POOLED,
        layout=said.layout,
        output=said.output,
    )


def facts_of(path: Path) -> GraphFacts:
    """Raises ModelUnavailable."""
    return onnx_file.read(path) if path.suffix.lower() == onnx_file.SUFFIX else ir_file.read(path)


def parts_of(path: Path) -> list[Path]:
    """The file and all that it reads. Raises ModelUnavailable."""
    return [path, *external_data.paths(path, facts_of(path).data)]


def sha256_of(path: Path, facts: GraphFacts | None = None) -> str:
    """A digest of the file and of all that it reads, whatever the folder is called. Raises ModelUnavailable."""
    data = external_data.paths(path, (facts or facts_of(path)).data)
    digests = [_digest(part) for part in (path, *data)]
    return digests[0] if not data else hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"The model file {path} cannot be read: {error.strerror}."
        raise ModelUnavailable(what, "Correct its path.") from error


def layout_of(entry: GraphInput) -> str | None:
    """Where the input has its channels; None if its shape does not tell."""
    if entry.shape is None or len(entry.shape) != len("nchw"):
        return None
    for lengths in ((_COLOURS,), (_COLOURS, None)):
        found = [layout for layout, axis in CHANNELS.items() if entry.shape[axis] in lengths]
        if len(found) == 1:
            return found[0]
    return None


def _image_input(path: Path, facts: GraphFacts) -> GraphInput:
    """The only input, which takes images in colour. Raises ModelUnavailable."""
    if len(facts.inputs) != 1:
        names = ", ".join(shown(entry.name) for entry in facts.inputs[:_NAMED])
        what = f"{path} has {len(facts.inputs)} inputs ({names}), and an image model has one."
        raise ModelUnavailable(what, "Export the image encoder alone; it is often called vision_model.onnx.")
    (entry,) = facts.inputs
    if entry.kind not in KINDS:
        what = f"{path} takes numbers of the kind {entry.kind}, which pixels cannot become."
        raise ModelUnavailable(what, f"Export a model that takes {choices(KINDS)}.")
    if entry.shape is not None and not _is_image(entry.shape):
        raise ModelUnavailable(
            f"{path} has the input {_written(entry.shape)}, which is not one image in colour.",
            "Export a model that takes [N, 3, size, size] or [N, size, size, 3].",
        )
    return entry


def _is_image(shape: tuple[int | None, ...]) -> bool:
    return len(shape) == len("nchw") and any(shape[axis] in (None, _COLOURS) for axis in CHANNELS.values())


def _written(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('?' if length is None else str(length) for length in shape)}]"


def _fixed_size(path: Path, entry: GraphInput, layout: str | None) -> int | None:
    """The side that the graph fixes, if it does. Raises ModelUnavailable."""
    if entry.shape is None or layout is None:
        return None
    if entry.shape[CHANNELS[layout]] not in (None, _COLOURS):
        what = f"{path} has the input {_written(entry.shape)}, which is not {layout}."
        raise ModelUnavailable(what, "Correct the layout, or leave it out.")
    sides = {entry.shape[axis] for axis in PLACES[layout]} - {None}
    if len(sides) > 1:
        what = f"{path} takes images of {_written(entry.shape)}, which are not square."
        raise ModelUnavailable(what, "Export it for square images.")
    return next(iter(sides), None)


def _size(path: Path, said: Preparation, fixed: int | None) -> int:
    if fixed is None:
        size = said.size or said.usual_size
        if size is None:
            raise BadSetting(f"{path} takes images of any size.", "Say which: --preprocessing torch:size=224.")
        return size
    if said.size not in (None, fixed):
        what = f"{path} takes images of {fixed} x {fixed} pixels, not of {said.size}."
        raise BadSetting(what, "Leave the size out.")
    return size_of(fixed)

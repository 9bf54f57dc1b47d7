"""Makes an OpenVINO graph with one output, a vector, of the graph of a text encoder."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from lookalike.embedding.imported.reading import reason
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.text.side import TextSide
from lookalike.errors import ModelUnavailable
from lookalike.shown import shown

#: Names of the output that is the vector, in libraries that export encoders; the first one that is there is taken.
_VECTORS = ("text_embeds", "text_embedding", "sentence_embedding", "pooler_output")
_INTEGERS = ("i32", "i64", "u32", "u64")
#: What stands between the numbers of tokens and the table that they are looked up in. Others make numbers of their own.
_PASSING = frozenset(
    ("Add", "Convert", "ConvertLike", "Less", "Maximum", "Minimum", "Reshape", "Select", "Squeeze", "Unsqueeze")
)
_ADVICE = "Export the text encoder with one text as its input and one vector as its output."


class Role(StrEnum):
    """What an input of an encoder takes: the numbers of the tokens, 1 for each that is no padding, or zeros."""

    IDS = "ids"
    MASK = "mask"
    TYPES = "types"


class TextGraph(NamedTuple):
    """A graph for one text, from inputs [1, T] with these roles to float32 [1, D]. `length` is T, None if it takes any
    number of tokens; `rows` how many tokens have an embedding, None if that is not known."""

    model: Any
    roles: tuple[Role, ...]
    dimension: int
    length: int | None
    rows: int | None


def made_of(model: Any, side: TextSide, filled: int | None) -> TextGraph:
    """The graph of an encoder as OpenVINO has read it, for texts of `filled` tokens; None: of any number, or of the
    only one that it takes. Raises ModelUnavailable."""
    roles = _roles(model, side)
    length = _fixed(model, side) or filled
    output = _output(model, side)
    try:
        whole = openvino.Model([_before_result(output)], model.get_parameters(), "text")
        whole.reshape({port: openvino.PartialShape([1, length or -1]) for port in whole.inputs})
    except RuntimeError as error:
        raise _unusable(side, f"it does not take one text: {reason(error)}") from error
    shape = whole.output(0).get_partial_shape()
    if shape.rank.is_dynamic or len(shape) != 2 or shape[1].is_dynamic:
        raise _unusable(side, f"it gives {shape}, which is not one vector per text")
    return TextGraph(whole, roles, shape[1].get_length(), length, _rows(whole, roles))


def _roles(model: Any, side: TextSide) -> tuple[Role, ...]:
    """What each input takes, by its name; the numbers of the tokens are the only other one."""
    names = [sorted(port.get_names()) or [port.get_node().get_friendly_name()] for port in model.inputs]
    roles = tuple(_role(" ".join(of_one).lower()) for of_one in names)
    if roles.count(Role.IDS) != 1 or len(set(roles)) != len(roles):
        listed = ", ".join(of_one[0] for of_one in names)
        raise _unusable(side, f"its inputs are {shown(listed)}, not the tokens, perhaps with a mask and types")
    for port in model.inputs:
        kind, shape = port.get_element_type().get_type_name(), port.get_partial_shape()
        if kind not in _INTEGERS or shape.rank.is_dynamic or len(shape) != 2:
            raise _unusable(side, f"an input takes {kind} {shape}, not whole numbers [texts, tokens]")
    return roles


def _role(name: str) -> Role:
    if "mask" in name:
        return Role.MASK
    return Role.TYPES if "type" in name or "segment" in name else Role.IDS


def _fixed(model: Any, side: TextSide) -> int | None:
    """How many tokens the graph takes, always; None if it takes any number."""
    fixed = {shape[1].get_length() for port in model.inputs if not (shape := port.get_partial_shape())[1].is_dynamic}
    if len(fixed) > 1:
        raise _unusable(side, f"its inputs take {' and '.join(map(str, sorted(fixed)))} tokens")
    return int(fixed.pop()) if fixed else None


def _output(model: Any, side: TextSide) -> Any:
    """The output that is the vector."""
    named = {name: port for port in model.outputs for name in port.get_names()}
    if side.output is not None:
        if side.output not in named:
            raise _unusable(side, f"it has no output {shown(side.output)}, but {_listed(named)}")
        return named[side.output]
    for name in _VECTORS:
        if name in named:
            return named[name]
    flat = [port for port in model.outputs if _is_flat(port)]
    if len(flat) != 1:
        raise _unusable(side, f"it has the outputs {_listed(named)}, of which none is known to be the vector")
    return flat[0]


def _is_flat(port: Any) -> bool:
    shape = port.get_partial_shape()
    return not shape.rank.is_dynamic and len(shape) == 2


def _before_result(port: Any) -> Any:
    """What the output is the result of."""
    return port.get_node().input_value(0)


def _rows(model: Any, roles: Sequence[Role]) -> int | None:
    """How many rows the table has in which the numbers of the tokens are looked up."""
    numbers = {model.input(roles.index(Role.IDS)).get_node().get_friendly_name()}
    rows = []
    # Each operation comes after those that it takes.
    for op in model.get_ordered_ops():
        takes = [value.get_node().get_friendly_name() in numbers for value in op.input_values()]
        if op.get_type_name() in _PASSING and any(takes):
            numbers.add(op.get_friendly_name())
        elif op.get_type_name() == "Gather" and takes[1]:
            rows.append(_rows_of(op))
    return min((count for count in rows if count is not None), default=None)


def _rows_of(gather: Any) -> int | None:
    shape = gather.input_value(0).get_partial_shape()
    if shape.rank.is_dynamic or len(shape) != 2 or shape[0].is_dynamic:
        return None
    return int(shape[0].get_length())


def _listed(named: dict[str, Any]) -> str:
    return shown(", ".join(sorted(named)) or "without names")


def _unusable(side: TextSide, why: str) -> ModelUnavailable:
    return ModelUnavailable(f"The text encoder {side.model} cannot be used: {why}.", _ADVICE)

"""Reads the inputs of an ONNX file, and which other files it reads, without the library: onnx.proto says what is where.

A tensor may be in another file, at any path. Whoever opens the graph reads that path, so it is looked at before.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from lookalike.embedding.specs.graph_facts import GraphFacts, GraphInput
from lookalike.embedding.specs.protobuf import Field, Malformed, Messages
from lookalike.embedding.specs.regular import opened
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause

SUFFIX = ".onnx"
#: How the file begins that Git leaves in place of a large one.
_POINTER = b"version https://git-lfs"
#: Message -> its fields that are messages in which there may be tensors. Numbers: onnx.proto.
_INSIDE = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
#: Graphs in attributes of nodes, as of loops, are messages in messages; known models have three of them.
_DEEPEST = 64
_GRAPH = 7
_INITIALIZER, _INPUT = 5, 11
_TENSOR_NAME, _EXTERNAL_DATA = 8, 13
#: TensorProto.DataType.
_KINDS = {1: "f32", 2: "u8", 3: "i8", 6: "i32", 7: "i64", 8: "string", 10: "f16", 11: "f64", 16: "bf16"}


def read(path: Path) -> GraphFacts:
    """Raises ModelUnavailable."""
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            if file.read(len(_POINTER)) == _POINTER:
                what = f"{path} is a pointer of Git LFS, not the model."
                raise ModelUnavailable(what, "Fetch the model: git lfs pull.")
            return _Onnx(Messages(file, size)).facts()
    except Malformed as error:
        what = f"{path} is not an ONNX file: {clause(error)}."
        raise ModelUnavailable(what, "Download or export it again.") from error
    except OSError as error:
        what = f"The model file {path} cannot be read: {error.strerror}."
        raise ModelUnavailable(what, "Correct its path.") from error


class _Onnx:
    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def facts(self) -> GraphFacts:
        whole = self._messages.whole
        graphs = [field for field in self._messages.fields(whole) if field.number == _GRAPH and field.end > field.start]
        if len(graphs) != 1:
            raise Malformed("it has no graph")
        places = {place for tensor in self._tensors("model", whole) for place in self._places(tensor)}
        return GraphFacts(tuple(self._inputs(graphs[0])), tuple(sorted(places)))

    def _tensors(self, kind: str, message: Field, depth: int = 0) -> Iterator[Field]:
        if depth > _DEEPEST:
            raise Malformed("its graphs are nested too deeply")
        inside = _INSIDE[kind]
        for field in self._messages.fields(message):
            found = inside.get(field.number)
            if found == "tensor":
                yield field
            elif found is not None:
                yield from self._tensors(found, field, depth + 1)

    def _places(self, tensor: Field) -> Iterator[str]:
        """The locations of a tensor's data; none if it is in this file."""
        for field in self._messages.fields(tensor):
            if field.number == _EXTERNAL_DATA:
                entry = {part.number: self._messages.text(part) for part in self._messages.fields(field)}
                if entry.get(1) == "location":
                    yield entry.get(2, "")

    def _inputs(self, graph: Field) -> Iterator[GraphInput]:
        """Those that somebody must give: older files list their weights as inputs, too."""
        fields = list(self._messages.fields(graph))
        weights = {self._name(field, _TENSOR_NAME) for field in fields if field.number == _INITIALIZER}
        for field in fields:
            if field.number == _INPUT and (name := self._name(field, 1)) not in weights:
                yield GraphInput(name, *self._type(field))

    def _name(self, message: Field, number: int) -> str:
        names = (self._messages.text(field) for field in self._messages.fields(message) if field.number == number)
        return next(names, "")

    def _type(self, value: Field) -> tuple[str, tuple[int | None, ...] | None]:
        """ValueInfoProto -> type -> tensor_type -> elem_type and shape."""
        kind, shape = "", None
        for tensor in (each for of in self._within(value, 2) for each in self._within(of, 1)):
            for field in self._messages.fields(tensor):
                if field.number == 1:
                    kind = _KINDS.get(field.value, f"type {field.value}")
                elif field.number == 2:
                    shape = tuple(self._length(dimension) for dimension in self._within(field, 1))
        return kind or "no tensor", shape

    def _within(self, message: Field, number: int) -> Iterator[Field]:
        return (field for field in self._messages.fields(message) if field.number == number)

    def _length(self, dimension: Field) -> int | None:
        lengths = [field.value for field in self._within(dimension, 1)]
        return lengths[-1] if lengths and lengths[-1] > 0 else None

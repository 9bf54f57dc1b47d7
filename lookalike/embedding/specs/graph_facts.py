"""What a file with a graph says of itself before anything runs it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GraphInput:
    """`kind` is the type of its numbers (`f32`, `f16`, `u8` ...). None in `shape`, or for all of it: not fixed."""

    name: str
    kind: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class GraphFacts:
    """The inputs, and the names of the files beside it that have its weights, in alphabetical order."""

    inputs: tuple[GraphInput, ...]
    data: tuple[str, ...]

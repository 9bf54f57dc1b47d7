"""Reads the inputs of an OpenVINO IR, `.xml` with its weights in `.bin`, without the library."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from lookalike.embedding.specs.graph_facts import GraphFacts, GraphInput
from lookalike.embedding.specs.regular import opened
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause

SUFFIX = ".xml"
WEIGHTS = ".bin"
_NUMBER = re.compile(r"\d{1,9}")


def read(path: Path) -> GraphFacts:
    """Raises ModelUnavailable."""
    try:
        with opened(path) as file:
            inputs = tuple(_inputs(ElementTree.iterparse(file, ("start", "end"))))
    except OSError as error:
        what = f"The model file {path} cannot be read: {error.strerror}."
        raise ModelUnavailable(what, "Correct its path.") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        what = f"{path} is not an OpenVINO model: {clause(error)}."
        raise ModelUnavailable(what, "Download or convert it again.") from error
    return GraphFacts(inputs, (path.with_suffix(WEIGHTS).name,))


def _inputs(events: Iterator[tuple[str, ElementTree.Element]]) -> Iterator[GraphInput]:
    """Of `<net><layers><layer name type="Parameter"><data element_type shape>`; what follows the layers is not read."""
    _, root = next(events)
    if root.tag != "net":
        raise ValueError("it does not begin with <net>")
    for event, element in events:
        if event == "end" and element.tag == "layer":
            if element.get("type") == "Parameter":
                yield _input(element)
            element.clear()
        if event == "end" and element.tag == "layers":
            return
    raise ValueError("it has no layers")


def _input(layer: ElementTree.Element) -> GraphInput:
    data = layer.find("data")
    if data is None:
        raise ValueError("an input has no shape")
    shape = data.get("shape", "")
    lengths = tuple(int(part) if _NUMBER.fullmatch(part) else None for part in shape.split(",")) if shape else ()
    return GraphInput(layer.get("name", ""), data.get("element_type", ""), None if shape == "..." else lengths)

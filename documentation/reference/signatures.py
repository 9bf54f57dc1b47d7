"""Signatures and types as a reader of the reference sees them: without modules, and with names for long types."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lookalike.filters import Filters
from lookalike.image_index import arguments, query
from lookalike.records.references import Metadata, MetadataValue

#: A line of a block of code has at most so many characters.
WIDTH = 100


class Alias(NamedTuple):
    """A type that stands for several others, and what it means."""

    type: Any
    meaning: str


#: In the order in which they are replaced: a longer one before a part of it.
ALIASES = {
    "Query": Alias(
        query.Query,
        "An image to search for: a path, the bytes of an image file, a PIL image, or a NumPy array of uint8 with the "
        "shape [height, width, 3] in RGB, [height, width, 4] in RGBA or [height, width] in grey.",
    ),
    "Rows": Alias(
        arguments.Rows,
        "A table or a list that is no file: a data frame, an Arrow table, dicts, or paths and addresses of images.",
    ),
    "Columns": Alias(
        arguments.Columns,
        'Columns of a table for metadata: `"all"`, `"none"`, names with types in one text or in a dict, or names.',
    ),
    "Filters": Alias(
        Filters,
        'Which images count: a dict such as `{"label": "cats"}`, or a list of conditions such as `["year>=2020"]`.',
    ),
    "Metadata": Alias(Metadata, "Metadata of an image: a dict of fields and their values."),
    "MetadataValue": Alias(MetadataValue, "A text, a number, a truth value, or a list of one kind of them."),
    "Path": Alias(arguments.Source, "A path as a text or a `Path`."),
}


def shown_type(annotation: Any) -> str:
    """A type as it is written in code, with the names of `ALIASES`."""
    text = _plain(annotation)
    for name, alias in ALIASES.items():
        text = text.replace(_plain(alias.type), name)
    return text


def signature(name: str, function: Callable[..., Any]) -> str:
    """A call with its arguments, their types and defaults, on one line if it fits, else with a line for each."""
    found = inspect.signature(function)
    parts = _arguments(found)
    end = "" if inspect.isclass(function) else f" -> {shown_type(found.return_annotation)}"
    line = f"{name}({', '.join(parts)}){end}"
    return line if len(line) <= WIDTH else "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){end}"])


def _arguments(found: inspect.Signature) -> list[str]:
    parts: list[str] = []
    is_open = True
    for parameter in found.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and is_open:
            parts.append("*")
        is_open = is_open and parameter.kind not in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        parts.append(_argument(parameter))
    return parts


def _argument(parameter: inspect.Parameter) -> str:
    stars = (
        "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    )
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{stars}{parameter.name}: {shown_type(parameter.annotation)}{default}"


def _plain(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"'([A-Z]\w*)'", r"\1", re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)", "", text))

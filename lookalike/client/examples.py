"""A search by examples as the form that the query service reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lookalike.filters import conditions
from lookalike.queries.examples import Example, Stored, Text, Upload

#: A part of a form, with a name, a file name and its content.
Part = tuple[str, tuple[str, bytes]]


#: What services of earlier releases refuse; those of this one take it for granted.
_DEFAULTS = {
    **{"exact": False, "sort": "score", "group_by": None, "diversity": 0.0, "min_score": -1.0},
    **{"cursor": None, "facets": None},
}


def without_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options but filters, and without those that change nothing."""
    return {
        name: value
        for name, value in options.items()
        if name != "filters" and not (name in _DEFAULTS and value == _DEFAULTS[name])
    }


def alone_of(examples: Sequence[Example]) -> Upload | Stored | None:
    """The example, if it is the only one, and the search is the one by that image."""
    first, *others = examples
    if others or isinstance(first, Text) or first.region is not None or first.weight <= 0:
        return None
    return first


def examples_form(examples: Sequence[Example], options: Mapping[str, Any]) -> list[Part]:
    """The parts: `query`, and each image that it names. Raises BadFilter."""
    uploads = [example for example in examples if isinstance(example, Upload)]
    query = without_defaults(options) | {"examples": _described(examples)}
    query["filters"] = [str(condition) for condition in conditions(options.get("filters"))]
    images = [("image", ("image", upload.data)) for upload in uploads]
    return [("query", ("query", json.dumps(query).encode())), *images]


def _described(examples: Sequence[Example]) -> list[dict[str, Any]]:
    described, images = [], 0
    for example in examples:
        fields: dict[str, Any] = {"weight": example.weight}
        if isinstance(example, Text):
            fields["text"] = example.text
        elif isinstance(example, Stored):
            fields["id"] = example.id
        else:
            fields["image"], images = images, images + 1
        if not isinstance(example, Text) and example.region is not None:
            fields["region"] = str(example.region)
        described.append(fields)
    return described

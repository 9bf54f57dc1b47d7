"""Bulk image-similarity ingestion and search.

    import lookalike

    with lookalike.open("images") as images:
        report = images.ingest("~/Pictures")
        matches = images.search("query.jpg", k=5)

`open` gives an `ImageIndex`, and `errors` has everything that it raises. The names below are loaded when they are
first used, so `import lookalike` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike.release import RELEASE

if TYPE_CHECKING:
    from lookalike import errors
    from lookalike.image_index import Evaluation, Image, ImageIndex, Matches, Report, Stored, Text, evaluate, open
    from lookalike.records import Match, Rejected

__version__ = RELEASE

#: Public name -> the module that has it.
_HOMES = {
    "Evaluation": "lookalike.image_index",
    "Image": "lookalike.image_index",
    "ImageIndex": "lookalike.image_index",
    "Match": "lookalike.records",
    "Matches": "lookalike.image_index",
    "Rejected": "lookalike.records",
    "Report": "lookalike.image_index",
    "Stored": "lookalike.image_index",
    "Text": "lookalike.image_index",
    "evaluate": "lookalike.image_index",
    "open": "lookalike.image_index",
}

__all__ = [
    "Evaluation",
    "Image",
    "ImageIndex",
    "Match",
    "Matches",
    "Rejected",
    "Report",
    "Stored",
    "Text",
    "__version__",
    "errors",
    "evaluate",
    "open",
]


if not TYPE_CHECKING:  # or type checkers would accept every name

    def __getattr__(name: str) -> Any:
        if name == "errors":
            return import_module("lookalike.errors")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Writes the documents of an index to a file; its suffix says in which form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from lookalike.errors import BadSetting
from lookalike.filters import Filters
from lookalike.image_index.replacing import replaced
from lookalike.image_index.vectors import export_parquet
from lookalike.index import Index
from lookalike.records import Document
from lookalike.shown import shown

#: What a line of JSON says of an image, besides its metadata and its vector.
FACTS = ("id", "uri", "name", "width", "height", "content_sha256", "model", "taken_at_ms")
#: Added to the name of a file of vectors: a line for each of them, in the same order.
ROWS_SUFFIX = ".jsonl"

Writer = Callable[[Index, Path, Filters | None], int]


def writer_for(path: Path) -> Writer:
    """The function that writes a file of this name. Raises BadSetting for a suffix that is not known."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise BadSetting(f"The name of the file {shown(str(path))} does not say its form.", f"End it in {_KNOWN}.")
    return writer


def export_lines(index: Index, path: Path, filters: Filters | None = None) -> int:
    """Write each document that meets the filters as a line of JSON, and return how many they are.

    An existing file is replaced when the new one is complete. Raises AccessDenied, DiskFull, BadFilter.
    """
    index.refresh()
    rows = 0
    with replaced(path) as temporary, open(temporary, "wb") as file:
        for batch in index.scan_documents(filters=filters):
            file.writelines(_line(document, vector=_vector(document)) for document in batch)
            rows += len(batch)
    return rows


def export_array(index: Index, path: Path, filters: Filters | None = None) -> int:
    """Write the vectors as one array float32 [N, D], and a line of JSON for each of them to PATH.jsonl; returns N.

    Existing files are replaced when the new ones are complete, one right after the other. Raises as `export_lines`.
    """
    index.refresh()
    dimension = index.model().dimension
    rows = 0
    # The inner file is put in its place first: whoever sees the new array sees its lines as well.
    with (
        replaced(path) as array,
        open(array, "wb") as vectors,
        replaced(path.with_name(path.name + ROWS_SUFFIX)) as beside,
        open(beside, "wb") as lines,
    ):
        _write_header(vectors, rows, dimension)
        for batch in index.scan_documents(filters=filters):
            vectors.write(np.stack([_vector(document) for document in batch]).tobytes())
            lines.writelines(map(_line, batch))
            rows += len(batch)
        # NumPy leaves room in the header for more rows.
        vectors.seek(0)
        _write_header(vectors, rows, dimension)
    return rows


def _write_header(file: BinaryIO, rows: int, dimension: int) -> None:
    described = {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)}
    np.lib.format.write_array_header_1_0(file, described)


def _vector(document: Document) -> Any:
    return np.asarray(document.image_embedding, "<f4")


def _line(document: Document, **more: Any) -> bytes:
    facts = {name: getattr(document, name) for name in FACTS}
    plain = facts | {"metadata": dict(document.metadata)} | more
    return orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


_WRITERS: dict[str, Writer] = {".parquet": export_parquet, ".npy": export_array, ".jsonl": export_lines}
_KNOWN = ".parquet, .npy or .jsonl"

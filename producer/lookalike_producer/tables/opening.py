"""Opens a table in the format that its name promises."""

import re

import orjson

from lookalike.extras import requiring
from lookalike_producer.tables.delimited import DelimitedTable
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.formats import Format
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.rows import Table

#: A file whose first line is an object.
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\{\s*\"[^\r\n]*\})\s*(?:[\r\n]|$)").match


def content_format(file: TableFile) -> Format | None:
    """The format, if its name promises another one than its first bytes show: people rename files."""
    start = file.start
    if start.startswith((b"PAR1", b"ARROW1", b"FEA1")):
        return Format.PARQUET
    found = _OBJECT(start) if file.format is Format.DELIMITED else None
    return Format.JSON_LINES if found and _is_json(found[1]) else None


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except ValueError:
        return False


def open_table(file: TableFile) -> Table:
    """The table, with its columns. Raises TableBroken, SourceUnavailable, and MissingExtra if PyArrow is needed."""
    match content_format(file) or file.format:
        case Format.DELIMITED:
            return DelimitedTable(file)
        case Format.PARQUET | Format.ARROW:
            with requiring("A table in Parquet or Arrow", "parquet"):
                from lookalike_producer.tables.columnar import ColumnarTable
            return ColumnarTable(file)
        case _:
            return JsonLinesTable(file)

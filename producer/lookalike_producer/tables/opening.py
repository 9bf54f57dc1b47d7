"""Opens a table in the format that its name promises."""

from lookalike.extras import requiring
from lookalike_producer.tables.delimited import DelimitedTable
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.formats import Format
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.rows import Table


def open_table(file: TableFile) -> Table:
    """The table, with its columns. Raises TableBroken, SourceUnavailable, and MissingExtra if PyArrow is needed."""
    match file.format:
        case Format.DELIMITED:
            return DelimitedTable(file)
        case Format.PARQUET | Format.ARROW:
            with requiring("A table in Parquet or Arrow", "parquet"):
                from lookalike_producer.tables.columnar import ColumnarTable
            return ColumnarTable(file)
        case _:
            return JsonLinesTable(file)

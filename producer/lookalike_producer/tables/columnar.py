"""Tables with types: Parquet, and Arrow as file, stream and Feather. Imports PyArrow."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from typing import Any, NamedTuple, TypeAlias

import pyarrow
from pyarrow import compute, ipc, parquet

from lookalike.records import Reason
from lookalike.shown import clause
from lookalike_producer.tables.arrow_types import Leaf, is_binary, leaves, type_of
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.compression import is_compressed
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.rows import BadRow, Column, Values

#: Rows that become Python objects at once.
BATCH_ROWS = 2048
#: A Parquet file is read through a buffer of this size, not in whole column chunks.
BUFFER_BYTES = 1024 * 1024

_PARQUET, _ENCRYPTED, _ARROW, _FEATHER_1 = b"PAR1", b"PARE", b"ARROW1", b"FEA1"

_PACKED = BadRow("the row holds the image itself, as bytes; write images as files")

#: Batches that have these columns, of at most so many rows if the format allows it.
Batches: TypeAlias = Callable[[Sequence[Leaf], int], Iterator[pyarrow.RecordBatch]]


class Opened(NamedTuple):
    """Schema, rows and description. `is_blank`: whether a column has no values in any row, None if only its rows tell.
    `has_all`: batches hold all columns, also those that nobody wants."""

    schema: pyarrow.Schema
    batches: Batches
    description: str
    is_blank: Callable[[Leaf], bool | None] = lambda leaf: None
    has_all: bool = True


class ColumnarTable:
    """A table in a format that has types; fields of structures are columns `outer.inner`.

    Raises TableBroken, SourceUnavailable.
    """

    def __init__(self, file: TableFile) -> None:
        self._file = file
        with self._opened() as opened:
            names = _class_names(opened.schema)
            self._leaves = list(leaves(opened.schema))
            blank = {leaf.name for leaf in self._leaves if is_binary(leaf.type) and _is_blank(opened, leaf)}
        self.columns = tuple(
            Column(leaf.name, *type_of(leaf.type), names.get(leaf.name, ()), leaf.name in blank)
            for leaf in self._leaves
        )
        self.description = opened.description

    def rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, Values]]:
        chosen = [self._leaves[number] for number in wanted]
        number = 0
        with self._opened() as opened:
            packed = {leaf: self._bytes_beside(leaf) if opened.has_all else None for leaf in chosen}
            for batch in opened.batches(chosen, BATCH_ROWS):
                for start in range(0, batch.num_rows, BATCH_ROWS):
                    piece = batch.slice(start, BATCH_ROWS)
                    for row in zip(*(_read(piece, leaf, packed[leaf]) for leaf in chosen), strict=True):
                        number += 1
                        yield number, row

    def _bytes_beside(self, path: Leaf) -> Leaf | None:
        """The column of bytes that may hold the image in place of its path."""
        inner = (*path.path[:-1], "bytes")
        is_path = len(path.path) > 1 and path.path[-1] == "path"
        return next((leaf for leaf in self._leaves if leaf.path == inner), None) if is_path else None

    @contextmanager
    def _opened(self) -> Iterator[Opened]:
        with self._file.opened() as file, _errors():
            start = file.peek(8)[:8]
            if start.startswith(_PARQUET):
                yield _parquet(file)
            elif start.startswith(_ENCRYPTED):
                raise TableBroken(Reason.UNREADABLE, "is encrypted", "Write it without encryption.")
            elif start.startswith(_FEATHER_1):
                raise TableBroken(Reason.UNSUPPORTED, "is a Feather file of version 1", "Write it as version 2.")
            elif start.startswith(_ARROW):
                yield _arrow_file(file)
            elif not start:
                raise TableBroken(Reason.EMPTY, "is empty: 0 bytes")
            else:
                yield _arrow_stream(file, start)


def _parquet(file: BufferedReader) -> Opened:
    opened = parquet.ParquetFile(file, buffer_size=BUFFER_BYTES, pre_buffer=False)

    def batches(chosen: Sequence[Leaf], rows: int) -> Iterator[pyarrow.RecordBatch]:
        names = list(dict.fromkeys(leaf.name for leaf in chosen))
        return iter(opened.iter_batches(rows, columns=names, use_threads=False))

    def is_blank(leaf: Leaf) -> bool | None:
        return _has_no_values(opened.metadata, leaf.name)

    return Opened(opened.schema_arrow, batches, "Parquet", is_blank, has_all=False)


def _arrow_file(file: BufferedReader) -> Opened:
    opened = ipc.open_file(file)

    def batches(chosen: Sequence[Leaf], rows: int) -> Iterator[pyarrow.RecordBatch]:
        return (_valid(opened.get_batch(number)) for number in range(opened.num_record_batches))

    return Opened(opened.schema, batches, "Arrow")


def _arrow_stream(file: BufferedReader, start: bytes) -> Opened:
    try:
        opened = ipc.open_stream(file)
    except (pyarrow.ArrowException, OSError, MemoryError) as error:
        advice = "Decompress it first." if is_compressed(start) else "Check how it was written."
        raise TableBroken(
            Reason.UNSUPPORTED, f"is neither Parquet nor Arrow: it begins with {start!r}", advice
        ) from error
    return Opened(opened.schema, lambda chosen, rows: map(_valid, opened), "Arrow stream")


def _valid(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """The batch. Arrow believes the offsets and lengths of a file, and a wrong one would end this process."""
    batch.validate(full=True)
    return batch


@contextmanager
def _errors() -> Iterator[None]:
    """Raises TableBroken in place of PyArrow's errors, which are OSError and ValueError among others."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise _broken(error) from error
    except MemoryError as error:
        raise TableBroken(Reason.CORRUPT, "claims more memory than there is", "Copy or write it again.") from error
    except (pyarrow.ArrowException, ValueError) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> TableBroken:
    why = clause(error)
    if "encrypt" in why.lower() or "decrypt" in why.lower():
        return TableBroken(Reason.UNREADABLE, "is encrypted", "Write it without encryption.")
    if "footer" in why or "magic bytes" in why or "Unexpected end" in why or "EOF" in why or "truncated" in why:
        return TableBroken(Reason.TRUNCATED, f"is cut off: {why}", "Copy or write it again.")
    return TableBroken(Reason.CORRUPT, f"cannot be read: {why}", "Copy or write it again.")


def _column(batch: pyarrow.RecordBatch, leaf: Leaf) -> pyarrow.Array:
    first, *inner = leaf.path
    column = batch.column(batch.schema.get_all_field_indices(first)[0])
    for name in inner:
        column = compute.struct_field(column, name)
    return column


def _is_blank(opened: Opened, leaf: Leaf) -> bool:
    """Whether no row has a value, or if that is not known, none of the first rows."""
    if (known := opened.is_blank(leaf)) is not None:
        return known
    first = next(opened.batches([leaf], 8), None)
    column = None if first is None else _column(first, leaf)
    return column is None or column.null_count == len(column)


def _has_no_values(metadata: parquet.FileMetaData, column: str) -> bool | None:
    """What the statistics of a file say of a column; None if they are missing."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            if chunk.path_in_schema != column:
                continue
            if chunk.statistics is None or not chunk.statistics.has_null_count:
                return None
            if chunk.statistics.null_count < chunk.num_values:
                return False
    return True


def _read(batch: pyarrow.RecordBatch, leaf: Leaf, packed: Leaf | None) -> list[Any]:
    """The values of a column; a BadRow for each path of an image that is in the row itself."""
    values = _values(_column(batch, leaf))
    there = _column(batch, packed) if packed else None
    if there is None or there.null_count == len(there):
        return values
    return [_PACKED if there[number].is_valid else value for number, value in enumerate(values)]


def _values(column: pyarrow.Array) -> list[Any]:
    """Python objects; a BadRow in place of a value that has none, such as a text that is not UTF-8."""
    if pyarrow.types.is_dictionary(column.type):
        if pyarrow.types.is_string_view(column.type.value_type):
            # Polars writes categories so; PyArrow takes no values out of views.
            return [_value(scalar) for scalar in column]
        column = column.dictionary_decode()
    if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's times have microseconds.
        column = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pyarrow.ArrowException):
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: pyarrow.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, pyarrow.ArrowException) as error:
        return BadRow(f"a value cannot be read: {clause(error)}")


def _class_names(schema: pyarrow.Schema) -> dict[str, tuple[str, ...]]:
    """The names of classes that Hugging Face's `datasets` writes beside the numbers, by column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            name: tuple(map(str, feature["names"]))
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}

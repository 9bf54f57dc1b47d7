"""Tables and lists that a Python program gives as objects, and not as files.

What they hold is copied to a temporary file once, in batches: a table is read several times, and a generator or a
reader of batches can be read only once. Neither pandas nor Polars is imported: their objects say what they can do.
"""

import csv
import io
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from lookalike.errors import BadSetting, DiskFull, SourceMissing
from lookalike.extras import requiring
from lookalike.reading.copied import CopiedFile
from lookalike.shown import clause, kind_of, shown
from lookalike_producer.tables.formats import Format
from lookalike_producer.tables.rows_as_json import as_line, line_of_path

if TYPE_CHECKING:
    import pyarrow

#: Rows that are taken from a data frame at once.
FRAME_ROWS = 2048
#: Rows of a batch in the copy of an Arrow table.
MOST_ROWS = 16384
#: Items of a list of which it is seen whether they are folders.
CHECKED = 20

_ADVICE = "Give paths, a data frame, an Arrow table, or an iterable of dicts or of paths."

#: Label of the image at a path.
Label = Callable[[str], str | None]


class Given(str):
    """The source that stands for an object: its text is the uri of the table, for the records of rejected rows. `name`
    is how messages call it, `written_as` how the copy is written."""

    name: str
    written_as: Format
    copy: CopiedFile


def given(value: object, number: int, label: Label) -> Given:
    """The source for an object; `number` tells several of them apart. `label` is for what names paths only.

    Reads the object to its end. Raises BadSetting for one that is neither a table nor iterable, SourceMissing for one
    that cannot be read, DiskFull, MissingExtra.
    """
    name = f"the {type(value).__name__}"
    write, format = _writer(value, name, label)
    file = tempfile.TemporaryFile("w+b", prefix="lookalike-")  # noqa: SIM115
    try:
        write(file)
        file.flush()
    except OSError as error:
        file.close()
        raise DiskFull(
            f"Cannot copy {name} to a temporary file: {error.strerror or error}.",
            "Free some space, or set TMPDIR to a larger disk.",
        ) from error
    except BaseException:
        file.close()
        raise
    if not file.tell():
        file.close()
        raise SourceMissing(f"{name} is empty.", _ADVICE)
    source = Given("python" if number == 1 else f"python-{number}")
    source.name, source.written_as, source.copy = name, format, CopiedFile(file)
    return source


def _writer(value: Any, name: str, label: Label) -> tuple[Callable[[BinaryIO], None], Format]:
    if _is_frame(value):
        names = [str(column) for column in value.columns]
        _check_names(names, name)
        if not len(value):
            return lambda file: _write_header(names, file), Format.DELIMITED
        return lambda file: _write_lines(_frame_rows(value), label, file), Format.JSON_LINES
    if any(hasattr(value, way) for way in ("__arrow_c_stream__", "__arrow_c_array__")) and not _is_column(value):
        return lambda file: _write_arrow(value, name, file), Format.ARROW
    if hasattr(value, "collect") and hasattr(value, "collect_schema"):
        raise BadSetting(f"{kind_of(value)} has no rows yet.", "Give its collect().")
    if isinstance(value, bytes | bytearray | memoryview | Mapping) or not isinstance(value, Iterable):
        raise BadSetting(f"{kind_of(value)} is not a source.", _ADVICE)
    if isinstance(value, list | tuple):
        _check_images(value)
    return lambda file: _write_lines(value, label, file), Format.JSON_LINES


def _check_images(items: Sequence[object]) -> None:
    """Raises BadSetting for a list of folders: its items are images, and a folder would be a rejected one."""
    folder = next(
        (item for item in items[:CHECKED] if isinstance(item, str | os.PathLike) and os.path.isdir(item)), None
    )
    if folder is not None:
        raise BadSetting(
            f"{shown(os.fsdecode(folder))} in a list is a folder; a list names images.",
            "Give folders as arguments of their own: ingest(*folders).",
        )


def _is_frame(value: Any) -> bool:
    """Whether it is a data frame of pandas, whose columns Arrow takes only if each holds values of one type."""
    return all(hasattr(value, name) for name in ("iloc", "columns", "to_dict", "index"))


def _is_column(value: Any) -> bool:
    """Whether it is a series or an array: the values of one column."""
    has_columns = any(hasattr(value, name) for name in ("columns", "schema", "column_names"))
    return not has_columns and any(hasattr(value, name) for name in ("tolist", "to_list", "to_pylist"))


def _check_names(names: list[str], name: str) -> None:
    repeated = next((column for column, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        raise BadSetting(f"Several columns of {name} have the name {shown(repeated)}.", "Rename them.")


def _frame_rows(frame: Any) -> Iterator[Mapping[Any, Any]]:
    has_names = any(label is not None for label in frame.index.names)
    for start in range(0, len(frame), FRAME_ROWS):
        piece = frame.iloc[start : start + FRAME_ROWS]
        yield from (piece.reset_index() if has_names else piece).to_dict("records")


def _write_header(names: list[str], file: BinaryIO) -> None:
    text = io.StringIO()
    csv.writer(text).writerow(names)
    file.write(text.getvalue().encode("utf-8", "replace"))


def _write_lines(rows: Iterable[object], label: Label, file: BinaryIO) -> None:
    """A row on each line, whatever it is: what is none becomes a line that is rejected with its number, unless it is
    the first one. Raises BadSetting."""
    for number, item in enumerate(rows):
        # Arrays of Arrow have scalars.
        row = item.as_py() if hasattr(item, "as_py") else item
        if not number and not isinstance(row, str | bytes | os.PathLike | Mapping):
            raise BadSetting(f"{kind_of(row)} in an iterable is neither a row nor a path.", _ADVICE)
        if isinstance(row, str | bytes | os.PathLike):
            file.write(line_of_path(row, label))
        else:
            file.write(as_line(row))


def _write_arrow(value: Any, name: str, file: BinaryIO) -> None:
    with requiring("A table of Arrow", "parquet"):
        import pyarrow
    try:
        stream = value if hasattr(value, "__arrow_c_stream__") else pyarrow.table(value)
        with pyarrow.RecordBatchReader.from_stream(stream) as reader:
            _copy_batches(reader, file)
    except OSError as error:
        if error.errno is not None:
            raise
        raise SourceMissing(f"{name} cannot be read: {clause(error)}.", _ADVICE) from error
    except (pyarrow.ArrowException, ValueError, TypeError) as error:
        raise SourceMissing(f"{name} cannot be read: {clause(error)}.", _ADVICE) from error


def _copy_batches(reader: "pyarrow.RecordBatchReader", file: BinaryIO) -> None:
    from pyarrow import ipc

    with ipc.new_stream(file, reader.schema) as sink:
        for batch in reader:
            for start in range(0, batch.num_rows, MOST_ROWS):
                sink.write_batch(batch.slice(start, MOST_ROWS))

"""Writes rejected images as CSV or JSON lines, one at a time."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

import orjson

from lookalike.records import ImageRef, Rejected

COLUMNS = ("job", "uri", "reason", "detail", "label", "metadata")
#: First characters that make a spreadsheet compute a cell:
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Failure:
    """One rejected image, its job, and the reference for a retry."""

    job: str
    rejected: Rejected
    ref: ImageRef


def plain(failure: Failure) -> dict[str, Any]:
    """Return JSON values; `uri` and `metadata` are those of the reference, so that it can be restored."""
    return {
        "job": failure.job,
        "uri": failure.ref.uri,
        "reason": failure.rejected.reason.value,
        "detail": failure.rejected.detail,
        "label": failure.ref.label,
        "metadata": dict(failure.ref.metadata),
    }


def write(failures: Iterable[Failure], form: Format, output: BinaryIO) -> int:
    """Write the failures as they come and return their number. Raises OSError."""
    return _WRITERS[form](failures, output)


def write_object(failures: Iterable[Failure], output: BinaryIO) -> None:
    """Write one line with the JSON object `{"failed": [...]}`. Raises OSError."""
    output.write(b'{"failed":[')
    for number, failure in enumerate(failures):
        output.write((b"," if number else b"") + orjson.dumps(plain(failure)))
    output.write(b"]}\n")
    output.flush()


def _write_jsonl(failures: Iterable[Failure], output: BinaryIO) -> int:
    written = 0
    for failure in failures:
        output.write(orjson.dumps(plain(failure)) + b"\n")
        written += 1
    output.flush()
    return written


def _write_csv(failures: Iterable[Failure], output: BinaryIO) -> int:
    text = io.TextIOWrapper(output, encoding="utf-8", newline="")
    try:
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        written = 0
        for failure in failures:
            rows.writerow(_cells(failure))
            written += 1
        text.flush()
    finally:
        # Detach instead of close: the stream belongs to the caller.
        text.detach()
    return written


def _cells(failure: Failure) -> list[str]:
    values = plain(failure)
    values["label"] = values["label"] or ""
    values["metadata"] = orjson.dumps(values["metadata"]).decode() if values["metadata"] else ""
    return [_escape_formula(values[column]) for column in COLUMNS]


def _escape_formula(cell: str) -> str:
    """Prefix a formula with an apostrophe. Use JSON lines if the text must be restored exactly."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


_WRITERS: dict[Format, Callable[[Iterable[Failure], BinaryIO], int]] = {
    Format.CSV: _write_csv,
    Format.JSONL: _write_jsonl,
}

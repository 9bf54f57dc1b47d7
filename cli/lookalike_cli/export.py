"""Writes rejected images as CSV or JSON lines, one at a time."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, BinaryIO

import orjson

from lookalike.records import FileTimes, Rejected, Rejection
from lookalike.uris import is_remote

COLUMNS = (
    *("job", "uri", "reason", "detail", "label", "metadata"),
    *("kept", "size_bytes", "modified_at", "content_sha256"),
)
#: First characters that make a spreadsheet compute a cell:
#: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Failure:
    """One rejected image, and the job that saw it last."""

    job: str
    rejection: Rejection

    @property
    def rejected(self) -> Rejected:
        return self.rejection.rejected


def plain(failure: Failure) -> dict[str, Any]:
    """Return JSON values; `uri` and `metadata` are those of the reference, so that it can be restored.

    `size_bytes`, `modified_at` (UTC) and `content_sha256` are those of the file that was rejected, null if unknown.
    """
    ref, rejected, basis = failure.rejection.ref, failure.rejected, failure.rejection.basis
    times = None if is_remote(ref.uri) else FileTimes.of_etag(basis.etag)
    return {
        "job": failure.job,
        "uri": ref.uri,
        "reason": rejected.reason.value,
        "detail": rejected.detail,
        "label": ref.label,
        "metadata": dict(ref.metadata),
        "kept": rejected.kept,
        "size_bytes": times.size_bytes if times else None,
        "modified_at": _time(times.modified_ns) if times else None,
        "content_sha256": basis.content_sha256 or None,
    }


def _time(nanoseconds: int) -> str | None:
    """A time in ISO 8601; None for one that is out of range, as file systems may have it."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


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
    values["metadata"] = orjson.dumps(values["metadata"]).decode() if values["metadata"] else ""
    values["kept"] = "kept" if values["kept"] else ""
    return [_escape_formula("" if values[column] is None else str(values[column])) for column in COLUMNS]


def _escape_formula(cell: str) -> str:
    """Prefix a formula with an apostrophe. Use JSON lines if the text must be restored exactly."""
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


_WRITERS: dict[Format, Callable[[Iterable[Failure], BinaryIO], int]] = {
    Format.CSV: _write_csv,
    Format.JSONL: _write_jsonl,
}

"""The encoding of a text table, and its lines in bounded memory."""

import codecs
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lookalike.records import Reason
from lookalike_producer.tables.broken import TableBroken

#: Characters of a line; a longer one is no row of a table.
LONGEST_LINE = 1024 * 1024
#: After so many characters without a line break, this is no table.
LONGEST_GAP = 64 * LONGEST_LINE

#: Longest first: the mark of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Encoding:
    """An encoding, and how many bytes of a mark stand before the text."""

    name: str
    skip: int = 0


def encoding_of(sample: bytes) -> Encoding:
    """UTF-8 unless the first bytes show another one: by a mark, by nulls as UTF-16 has, or as they are no UTF-8."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return Encoding(name, len(mark))
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    many, few = len(sample) // 4, len(sample) // 20
    if odd > many and even <= few:
        return Encoding("utf-16-le")
    if even > many and odd <= few:
        return Encoding("utf-16-be")
    return Encoding("utf-8" if _is_utf8(sample) else _western(sample))


def _is_utf8(sample: bytes) -> bool:
    try:
        # The last character may be cut off.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _western(sample: bytes) -> str:
    """Windows has letters where Latin-1 has control characters."""
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in sample) and _decodes(sample, "cp1252") else "latin-1"


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class LineTooLong(Exception):
    """A line that no memory is spent on; the next one can be read."""


class Lines(Iterator[str]):
    """The lines of a text with their ends. Raises LineTooLong for one, and goes on; TableBroken if it never ends.

    Bytes that are not in the encoding stay in the text as lone surrogates, as in the names of files.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        file.read(encoding.skip)
        decodes_all = encoding.name.startswith(("utf-16", "utf-32"))
        errors = "replace" if decodes_all else "surrogateescape"
        self._text = io.TextIOWrapper(file, encoding.name, errors=errors, newline="")
        #: Lines that were read.
        self.number = 0
        #: Lines since the last `begin_row`; whether the text has ended among them.
        self.of_row: list[str] = []
        self.is_over = False
        self._again: deque[str] = deque()

    def begin_row(self) -> None:
        """What comes next belongs to a new row."""
        self.of_row.clear()

    def read_again(self) -> None:
        """Give the lines of the row again, but for the first one."""
        self._again.extendleft(reversed(self.of_row[1:]))
        self.number -= len(self.of_row) - 1
        self.is_over = False
        self.of_row.clear()

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_LINE)
        if not line:
            self.is_over = True
            raise StopIteration
        self.number += 1
        self.of_row.append(line)
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            self._skip()
            raise LineTooLong
        return line

    def _skip(self) -> None:
        left = LONGEST_GAP
        while (rest := self._text.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
            left -= len(rest)
            if left <= 0:
                raise TableBroken(Reason.UNSUPPORTED, f"is no table: a line has more than {LONGEST_GAP:,} characters")

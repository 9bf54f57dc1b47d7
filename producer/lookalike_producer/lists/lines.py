"""The lines of a list, in any encoding and with any separator."""

import codecs
import io
import os
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from lookalike.errors import SourceMissing, SourceUnavailable
from lookalike.shown import shown
from lookalike.uris import MAX_URI
from lookalike_producer.text_form import form_of

#: Bytes from which the kind of a list is recognized.
SAMPLE_BYTES = 64 * 1024
#: Of a line, in bytes or characters; what is behind them is passed over.
LONGEST_LINE = 4 * MAX_URI
#: What a list is, for a message.
ADVICE = "A list has one path or address per line; relative paths start at the folder of the list."


def lines_of(file: BinaryIO, name: str) -> Iterator[str]:
    """The lines, as `os` calls take paths. Raises SourceMissing, SourceUnavailable."""
    try:
        sample = _peeked(file)
        if sample and not any(sample):
            raise SourceMissing(f"{shown(name)} is no list of paths: it begins with nothing but zeros.", ADVICE)
        form = form_of(sample)
        file.read(form.skip)
        if form.encoding is None:
            for line in _split(file, form.separator):
                yield os.fsdecode(line)
        else:
            yield from _decoded(file, form.encoding)
    except UnicodeDecodeError as error:
        raise SourceMissing(f"{shown(name)} is no list in {error.encoding}: {error.reason}.", ADVICE) from error
    except OSError as error:
        raise SourceUnavailable(name, error.strerror or str(error)) from error


def _peeked(file: BinaryIO) -> bytes:
    return file.peek(SAMPLE_BYTES) if isinstance(file, io.BufferedReader) else b""


def _split(file: BinaryIO, separator: bytes) -> Iterator[bytes]:
    if separator == b"\n":
        while line := file.readline(LONGEST_LINE):
            yield line.rstrip(b"\r\n")
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
        return
    rest = b""
    while piece := file.read(SAMPLE_BYTES):
        *lines, rest = (rest + piece).split(separator)
        yield from lines
        rest = rest[:LONGEST_LINE]
    yield rest


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines, which end where `\\n` and `\\r` stand: names may contain the other marks of Unicode."""
    rest = ""
    for text in codecs.iterdecode(iter(partial(file.read, SAMPLE_BYTES), b""), encoding):
        *lines, rest = (rest + text.replace("\r", "\n")).split("\n")
        yield from lines
        rest = rest[:LONGEST_LINE]
    yield rest

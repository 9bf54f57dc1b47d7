"""Lists of paths, as people's tools write them: from any encoding, with any separator; or why a file is no list."""

import codecs
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from stat import S_ISREG
from typing import BinaryIO

from lookalike.errors import ImageRejected, SourceMissing, SourceUnavailable
from lookalike.shown import shown
from lookalike.storage import local_path, local_uri
from lookalike.unicode import is_unicode
from lookalike.uris import MAX_URI, STORE_SCHEMES, WEB_SCHEMES, reads_as_part, row_uri, scheme_of
from lookalike_producer.named import absolute, existing, member, remote_scheme
from lookalike_producer.refused import RefusedReference

#: Bytes from which the kind of a list is recognized.
SAMPLE_BYTES = 64 * 1024
#: Lines from which it is recognized that a file is no list.
SAMPLE_LINES = 20
#: Of a line, in bytes or characters; what is behind them is passed over.
LONGEST_LINE = 4 * MAX_URI

#: Longest first: the mark of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: A line that is simply a path: without quotes, schemes, spaces around it, or letters that can be spelt in two ways.
_PLAIN = re.compile(
    r"""[^\s~#"'\\:\x80-\U0010ffff](?:[^"'\\:\x00-\x1f\x80-\U0010ffff]*[^\s"'\\:\x80-\U0010ffff])?"""
).fullmatch
#: Binary data has them; of the names of files, few do.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f]").search
STDIN_NAME = "standard input"
_ADVICE = "A list has one path or address per line; relative paths start at the folder of the list."


@dataclass(frozen=True)
class Form:
    """How a list is written: `skip` bytes of a mark, then lines in an encoding (None: bytes of file names)."""

    skip: int
    encoding: str | None
    separator: bytes


class PathList:
    """A list of paths. Raises SourceMissing for a file that cannot be read, or is no list."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._base = os.path.dirname(path)
        with self._open() as file:
            _check(list(islice(_texts(file, path), SAMPLE_LINES)), self._base, path)

    def __iter__(self) -> Iterator[str | RefusedReference]:
        with self._open() as file:
            yield from _paths(_texts(file, self._path), self._base, list_name(self._path))

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            # Non-blocking, so that a FIFO that replaced the list cannot hang this process.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceMissing(f"The list {shown(self._path)} cannot be read: {error.strerror}.", _ADVICE) from error
        with io.BufferedReader(io.FileIO(descriptor, "rb"), SAMPLE_BYTES) as file:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceMissing(f"The list {shown(self._path)} is not a file.", _ADVICE)
            yield file


def list_name(path: str) -> str:
    """What stands before `#row=` in the records of the lines of a list; `path` is "-" for standard input."""
    return "stdin" if path == "-" else local_uri(path)


def stdin_paths() -> Iterator[str | RefusedReference]:
    """The paths on standard input, from the working folder. Raises SourceMissing if it is no list."""
    name = STDIN_NAME
    texts = _texts(sys.stdin.buffer, name)
    first = list(islice(texts, SAMPLE_LINES))
    _check(first, os.getcwd(), name)
    yield from _paths(chain(first, texts), os.getcwd(), list_name("-"))


def _paths(texts: Iterable[str], base: str, name: str) -> Iterator[str | RefusedReference]:
    """The path or address on each line of the list `name`; a line that can be none is refused under its number."""
    for number, text in enumerate(texts, start=1):
        if not text:
            continue
        if why := _fault(text):
            yield RefusedReference(row_uri(name, number), detail=why)
        elif _PLAIN(text):
            yield absolute(text, base)
        elif (path := existing(text, base) or member(text, base)) is not None:
            yield path
        elif scheme := scheme_of(text.strip()):
            yield text.strip() if scheme != "file" else _of_file_url(text.strip(), base)
        elif not text.startswith("# ") and text.strip():
            yield absolute(text, base)


def _fault(text: str) -> str:
    """Why a line names nothing, whatever there is; empty for any other line."""
    if len(text) > MAX_URI // 4 and len(os.fsencode(text)) > MAX_URI:
        return f"the line has more than {MAX_URI:,} bytes"
    if "\0" in text:
        return "the line has a null in it"
    if not text.isascii() and remote_scheme(text.strip()) and not is_unicode(text):
        return "the address is not valid UTF-8"
    return ""


def _of_file_url(url: str, base: str) -> str:
    """The path of a file that is not there; as its URL has it, if that is none, or reads as something else."""
    try:
        path = absolute(local_path(url), base)
    except ImageRejected:
        return url
    return local_uri(path) if reads_as_part(path) else path


def _texts(file: BinaryIO, name: str) -> Iterator[str]:
    """The lines, as `os` calls take paths. Raises SourceMissing, SourceUnavailable."""
    try:
        sample = _peeked(file)
        if sample and not any(sample):
            raise SourceMissing(f"{shown(name)} is no list of paths: it begins with nothing but zeros.", _ADVICE)
        form = _form(sample)
        file.read(form.skip)
        if form.encoding is None:
            for line in _split(file, form.separator):
                yield os.fsdecode(line)
        else:
            yield from _decoded(file, form.encoding)
    except UnicodeDecodeError as error:
        raise SourceMissing(f"{shown(name)} is no list in {error.encoding}: {error.reason}.", _ADVICE) from error
    except OSError as error:
        raise SourceUnavailable(name, error.strerror or str(error)) from error


def _peeked(file: BinaryIO) -> bytes:
    return file.peek(SAMPLE_BYTES) if isinstance(file, io.BufferedReader) else b""


def _form(sample: bytes) -> Form:
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return Form(len(mark), encoding, b"\n")
    if b"\0" in sample:
        return _form_with_nulls(sample)
    return Form(0, None, b"\r" if b"\r" in sample and b"\n" not in sample else b"\n")


def _form_with_nulls(sample: bytes) -> Form:
    """UTF-16 without a mark has a null in every other byte; otherwise nulls separate paths, as `find -print0` does."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    few = len(sample) // 20
    if odd > len(sample) // 4 and even <= few:
        return Form(0, "utf-16-le", b"\n")
    if even > len(sample) // 4 and odd <= few:
        return Form(0, "utf-16-be", b"\n")
    return Form(0, None, b"\0")


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


def _check(lines: Sequence[str], base: str, name: str) -> None:
    """Raises SourceMissing if the first lines show that this is a file of another kind."""
    lines = [line for line in lines if line]
    if not lines or any(existing(line, base) for line in lines):
        return
    if all(scheme_of(line.strip()) in STORE_SCHEMES | WEB_SCHEMES for line in lines):
        return
    if (schemes := {remote_scheme(line) for line in lines}) and None not in schemes:
        raise SourceMissing(
            f"{shown(name)} lists addresses at {min(map(str, schemes))}://, which is not supported.",
            "List addresses at s3://, gs://, az:// or https://, or the paths of files.",
        )
    if any(_CONTROL(line) for line in lines):
        raise SourceMissing(f"{shown(name)} is no list of paths: it is not text.", _ADVICE)
    if all(line.startswith("{") and line.endswith("}") for line in lines):
        raise SourceMissing(f"{shown(name)} is no list of paths: each line is JSON.", _advice(name, "jsonl"))
    if any(existing(line, os.getcwd()) for line in lines):
        raise SourceMissing(
            f"The paths in {shown(name)} do not start at its folder, but at the working folder.",
            f"Move the list there, or give it on standard input: `lookalike ingest - < {os.path.basename(name)}`.",
        )
    if any(existing(field, base) for line in lines for field in _fields(line)):
        advice = _advice(name, "csv")
        raise SourceMissing(f"{shown(name)} is no list of paths but a table: lines have several fields.", advice)


def _advice(name: str, suffix: str) -> str:
    if name == STDIN_NAME:
        return "On standard input, a table is JSON lines; save another one as a file, and give its name."
    return f"Give it a name that ends with .{suffix}, and it is read as a table."


def _fields(line: str) -> list[str]:
    return [field for separator in ",;\t|" if separator in line for field in line.split(separator)[:8]]

"""The paths and addresses of a list."""

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from stat import S_ISREG
from typing import BinaryIO

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.shown import shown
from lookalike.storage import local_path, local_uri
from lookalike.unicode import is_unicode
from lookalike.uris import MAX_URI, reads_as_part, row_uri, scheme_of
from lookalike_producer.lists.checking import STDIN_NAME, check
from lookalike_producer.lists.lines import ADVICE, SAMPLE_BYTES, lines_of
from lookalike_producer.named import absolute, existing, member, remote_scheme
from lookalike_producer.refused import RefusedReference

#: Lines from which it is recognized that a file is no list.
SAMPLE_LINES = 20
#: A line that is simply a path: without quotes, schemes, spaces around it, or letters that can be spelt in two ways.
_PLAIN = re.compile(
    r"""[^\s~#"'\\:\x80-\U0010ffff](?:[^"'\\:\x00-\x1f\x80-\U0010ffff]*[^\s"'\\:\x80-\U0010ffff])?"""
).fullmatch


class PathList:
    """A list of paths. Raises SourceMissing for a file that cannot be read, or is no list."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._base = os.path.dirname(path)
        with self._open() as file:
            check(list(islice(lines_of(file, path), SAMPLE_LINES)), self._base, path)

    def __iter__(self) -> Iterator[str | RefusedReference]:
        with self._open() as file:
            yield from _paths(lines_of(file, self._path), self._base, list_name(self._path))

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            # Non-blocking, so that a FIFO that replaced the list cannot hang this process.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceMissing(f"The list {shown(self._path)} cannot be read: {error.strerror}.", ADVICE) from error
        with io.BufferedReader(io.FileIO(descriptor, "rb"), SAMPLE_BYTES) as file:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceMissing(f"The list {shown(self._path)} is not a file.", ADVICE)
            yield file


def list_name(path: str) -> str:
    """What stands before `#row=` in the records of the lines of a list; `path` is "-" for standard input."""
    return "stdin" if path == "-" else local_uri(path)


def stdin_paths() -> Iterator[str | RefusedReference]:
    """The paths on standard input, from the working folder. Raises SourceMissing if it is no list."""
    name = STDIN_NAME
    texts = lines_of(sys.stdin.buffer, name)
    first = list(islice(texts, SAMPLE_LINES))
    check(first, os.getcwd(), name)
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

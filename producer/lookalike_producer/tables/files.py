"""The file of a table: its bytes, from the start, as often as somebody reads them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase, BufferedReader, FileIO
from typing import BinaryIO, cast

from lookalike.errors import ImageRejected, SourceUnavailable
from lookalike.exhaustion import machine_error
from lookalike.reading.copied import CopiedFile
from lookalike.records import Reason
from lookalike.storage import kind_of_file, local_uri, reason_of
from lookalike.uris import WEB_SCHEMES, is_remote, scheme_of, without_credentials
from lookalike_producer.tables import compression, standard_input
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.formats import Format, format_of
from lookalike_producer.tables.given import Given

#: Bytes from which encoding, separator and header are recognized.
SAMPLE_BYTES = 256 * 1024
#: Bytes from which a format is recognized that the name does not promise.
START_BYTES = 16 * 1024
BUFFER_BYTES = 256 * 1024
STDIN = "-"


@dataclass(frozen=True)
class TableFile:
    """A local file, by its absolute path."""

    path: str

    @property
    def away(self) -> Reason:
        """Why it is rejected if its place is away."""
        return Reason.UNREADABLE

    @cached_property
    def uri(self) -> str:
        """As rejected records name the table."""
        return local_uri(self.path)

    @property
    def format(self) -> Format | None:
        """The format that its name promises; None if it promises none."""
        return format_of(self.path)

    @property
    def folder(self) -> str:
        """Where relative paths start."""
        return os.path.dirname(self.path)

    @cached_property
    def start(self) -> bytes:
        """The first bytes, as they are. Raises as `opened` does."""
        with self.opened() as file:
            return file.peek(START_BYTES)[:START_BYTES]

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        """The file as it is. Raises TableBroken, SourceUnavailable, also while it is read."""
        try:
            # Non-blocking, so that a FIFO that replaced the table cannot hang this process.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise machine_error(error) or TableBroken(
                reason_of(error), f"cannot be read: {error.strerror or error}"
            ) from error
        with BufferedReader(FileIO(descriptor, "rb"), BUFFER_BYTES) as file, self.errors():
            if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
                raise TableBroken(Reason.NOT_REGULAR, f"is not a file but {kind_of_file(mode)}")
            yield cast(BufferedReader, file)

    @contextmanager
    def opened_text(self) -> Iterator[BinaryIO]:
        """The bytes of a text table, decompressed. Raises as `opened` does."""
        with self.opened() as file, compression.errors():
            yield compression.decompressed(file)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raises SourceUnavailable in place of the errors of the file system."""
        try:
            yield
        except OSError as error:
            raise SourceUnavailable(self.uri, error.strerror or str(error)) from error

    def sample(self) -> bytes:
        """The first bytes of a text table, as far as they can be read. Raises as `opened` does if none can."""
        pieces: list[bytes] = []
        left = SAMPLE_BYTES
        try:
            with self.opened_text() as file:
                # What comes before damage is given, and not lost with it.
                buffered = cast(BufferedIOBase, file)
                while left > 0 and (piece := buffered.read1(min(left, 4096))):
                    pieces.append(piece)
                    left -= len(piece)
        except TableBroken:
            # The rows say so, after those that can be read.
            if not pieces:
                raise
        return b"".join(pieces)


def table_file(path: str) -> TableFile:
    """The file at a path, an object in a store or on a web host, what is on standard input, or what a program gives."""
    if isinstance(path, Given):
        return GivenTable(path)
    if path == STDIN:
        return StandardInput(path)
    return RemoteTable(path) if is_remote(path) else TableFile(path)


class RemoteTable(TableFile):
    """An object in a store, or what lies at a web address, read block by block. Of a web host that does not give parts
    it is copied once, as long as this object lives."""

    @cached_property
    def uri(self) -> str:
        return without_credentials(self.path)

    @property
    def away(self) -> Reason:
        return Reason.HOST_UNAVAILABLE

    @property
    def format(self) -> Format | None:
        return format_of(self._name)

    @property
    def folder(self) -> str:
        return self._name.rpartition("/")[0]

    @property
    def _name(self) -> str:
        return self.path.partition("?")[0] if scheme_of(self.path) in WEB_SCHEMES else self.path

    @cached_property
    def _copies(self) -> list[CopiedFile]:
        return []

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        # It loads asyncio, which local files do not need.
        from lookalike.reading.opened import open_remote

        try:
            with _buffered(self._copies[0].again()) if self._copies else open_remote(self.path) as file:
                if isinstance(file.raw, CopiedFile) and not self._copies:
                    self._copies.append(file.raw.again())
                yield file
        except ImageRejected as error:
            raise TableBroken(error.reason, f"cannot be read: {error.detail}") from error


class StandardInput(TableFile):
    """JSON lines on standard input. They are copied to a temporary file, since a table is read twice."""

    @cached_property
    def uri(self) -> str:
        return "stdin"

    @property
    def folder(self) -> str:
        return os.getcwd()

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        with self.errors(), _buffered(standard_input.copied()) as file:
            yield file


@dataclass(frozen=True)
class GivenTable(TableFile):
    """What a Python program gives in place of a file."""

    path: Given

    @property
    def format(self) -> Format:
        return self.path.written_as

    @cached_property
    def uri(self) -> str:
        return str(self.path)

    @property
    def folder(self) -> str:
        return os.getcwd()

    @contextmanager
    def opened(self) -> Iterator[BufferedReader]:
        with self.errors(), _buffered(self.path.copy.again()) as file:
            yield file


def _buffered(file: CopiedFile) -> BufferedReader:
    return cast(BufferedReader, BufferedReader(file, BUFFER_BYTES))

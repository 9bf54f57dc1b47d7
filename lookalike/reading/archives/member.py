"""A member of an archive, and how an archive is read: by steps that ask for ranges of its bytes.

The code that knows the formats is a generator. It yields a Span for each range that it needs, and is sent its bytes;
fewer than it asked for mean that the archive ends there. So the same code reads files, stores and web hosts, in one
thread or in an event loop (`steps.py`), and no archive can make it hold more than its bounds.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from lookalike.records import Reason, Span

#: Headers of one archive, folders included.
MAX_MEMBERS = 2**21
#: A larger number belongs to no archive that exists.
MAX_SIZE = 2**60
#: Characters of a member's name, and bytes of all that stands before the content of a member.
MAX_NAME = 4096
MAX_HEADERS = 2**20
#: Bytes of one read of a local archive while it is listed: few needless ones.
LOCAL_BLOCK = 2**16
#: Bytes of a sidecar, such as the JSON beside an image.
MAX_SIDECAR = 2**18


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, or what looks like one.

    `span` is where its header and content lie, `content_at` how far the content is from its start (0 if that is not
    known without reading), `size_bytes` how long the content is, unpacked. `fault` and `detail` say why the member
    cannot be read. `sidecar` is the content, if the caller wanted it.
    """

    name: str
    span: Span
    size_bytes: int
    content_at: int = 0
    fault: Reason | None = None
    detail: str = ""
    sidecar: bytes | None = None


#: Asks for ranges of bytes, and returns something.
Reads: TypeAlias = Generator[Span, bytes, bytes]
#: Asks for ranges of bytes, and yields members in between; it is sent nothing then. Raises ImageRejected, for the
#: archive as a whole, where its listing breaks off.
Listing: TypeAlias = Generator[Span | Member, bytes | None, None]
#: Whether the content of a member of this name and size is a sidecar that the caller wants.
Wants: TypeAlias = Callable[[str, int], bool]


def nothing(name: str, size_bytes: int) -> bool:
    return False


class Window:
    """The part of an archive that was read last. Headers are small and often close to each other, so reads take at
    least `block` bytes."""

    __slots__ = ("_block", "_data", "_size", "_start")

    def __init__(self, size: float, block: int) -> None:
        self._size = size
        self._block = block
        self._start = 0
        self._data = b""

    def take(self, start: int, length: int) -> Generator[Span, bytes | None, bytes]:
        """`length` bytes from `start`; fewer at the end of the archive. What is there already is not asked for again:
        whoever goes forward asks for nothing that is behind."""
        at = start - self._start
        if at < 0 or at + length > len(self._data):
            rest = self._data[at:] if 0 <= at < len(self._data) else b""
            there = start + len(rest)
            wanted = min(max(length, self._block) - len(rest), self._size - there)
            more = (yield Span(there, int(wanted))) if wanted > 0 else None
            self._data, self._start, at = rest + (more or b""), start, 0
        return self._data[at : at + length]


def text_of(name: bytes, otherwise: str) -> str:
    """A name as text: UTF-8, or where it is not valid, the former encoding of the format."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode(otherwise)

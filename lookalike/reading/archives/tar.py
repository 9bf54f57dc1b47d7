"""Tar archives: headers of 512 bytes, each before its content (POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format").

Names come from PAX records, GNU long names, or the header with its prefix, in this order. Links, devices and sparse
files are members that cannot be read: nothing follows a link. A global PAX header says nothing that matters here.
"""

import math
import zlib
from collections.abc import Generator
from dataclasses import dataclass, replace

from lookalike.errors import ImageRejected
from lookalike.reading.archives.member import (
    MAX_HEADERS,
    MAX_MEMBERS,
    MAX_SIDECAR,
    MAX_SIZE,
    Listing,
    Member,
    Wants,
    Window,
    nothing,
    text_of,
)
from lookalike.records import Reason, Span

BLOCK = 512
#: Extended headers before one member; writers put one or two there.
MAX_EXTENSIONS = 16
#: A larger sum has no block.
MAX_SUM = BLOCK * 255 + 1
#: Programs fill a tar up to a multiple of such a record: 10 KiB if nobody says otherwise, and for tapes powers of two
#: (GNU tar manual, "The Blocking Factor of an Archive").
RECORD = 20 * BLOCK
RECORDS: tuple[int, ...] = tuple(2**power for power in range(14, 21))
#: Zeros behind the members: the mark of the end, and a record that is all but empty otherwise.
MAX_PADDING: int = RECORDS[-1] + BLOCK

_PAX, _LONG_NAME = b"xX", b"L"
#: Headers that describe the member behind them: PAX, GNU's long name and long link. `g` describes all, `V` is a label.
_EXTENSIONS = b"xXLKg"
_LABEL = b"V"
_FOLDERS = b"5D"
_FILES = b"0\x007"
#: POSIX.1-2017, ustar: what has another type is no file that can be read by its content alone.
_OTHERS = {b"1": "a hard link", b"2": "a link", b"3": "a device", b"4": "a device", b"6": "a FIFO"}
_SPARSE, _CONTINUED = b"S", b"M"


@dataclass(slots=True)
class _Header:
    """A header block: where it is, the name in it, the type, and the bytes behind it."""

    at: int
    name: bytes
    kind: bytes
    stored: int
    has_sparse_map: bool = False

    @property
    def content_at(self) -> int:
        return self.at + BLOCK

    @property
    def end(self) -> int:
        return self.content_at + -(-self.stored // BLOCK) * BLOCK


@dataclass(slots=True)
class _Extension:
    """What the extended headers before a member say of it."""

    name: bytes | None = None
    size: int | None = None
    is_sparse: bool = False


def is_tar(start: bytes) -> bool:
    """Whether an archive that begins with these bytes is a tar; an empty one is zeros."""
    return len(start) >= BLOCK and (not any(start[:BLOCK]) or _is_sum_right(start[:BLOCK]))


def members(size: float, block: int, wants: Wants = nothing) -> Listing:
    """The members of a tar of `size` bytes (infinite if unknown), in their order. Raises ImageRejected where it is cut
    or broken."""
    window = Window(size, block)
    at = 0
    for _ in range(MAX_MEMBERS):
        start = at
        extension, header = yield from _described(window, at)
        if header is None:
            yield from _check_end(window, at, size)
            return
        if extension.size is not None:
            header.stored = extension.size
        if header.has_sparse_map:
            header.at = yield from _last_of_sparse_map(window, header.at)
        at = header.end
        if header.kind in _LABEL or header.kind in _FOLDERS:
            continue
        member = _member(start, extension, header)
        if member is None:
            continue
        if member.fault is None and header.stored <= MAX_SIDECAR and wants(member.name, header.stored):
            content = yield from window.take(header.content_at, header.stored)
            member = Member(member.name, member.span, member.size_bytes, member.content_at, sidecar=content)
        if member.fault is None and (why := (yield from _why_cut(window, header, size))):
            member = replace(member, fault=Reason.TRUNCATED, detail=why)
        yield member
        if header.content_at + header.stored > size:
            raise ImageRejected(Reason.TRUNCATED, f"the archive is cut off in its last member, at byte {size:.0f}")
    raise ImageRejected(Reason.TOO_LARGE, f"the archive has more than {MAX_MEMBERS} members; the others are not read")


def _why_cut(window: Window, header: _Header, size: float) -> Generator[Span, bytes | None, str]:
    """Why the content of a member is not all there; empty if it is."""
    if header.content_at + header.stored > size:
        there = f"after {max(size - header.content_at, 0):.0f} of {header.stored} bytes"
        return f"the archive is cut off in it, {there}"
    # A compressed tar shows itself whether it is whole, and its content may be a bomb.
    if header.stored and not math.isinf(size) and (yield from _ends_in_gap(window, header, size)):
        return "the copy of the archive was not finished: zeros begin in this member"
    return ""


def _check_end(window: Window, at: int, size: float) -> Generator[Span, bytes | None, None]:
    """Raises ImageRejected unless only zeros are behind the mark of the end at `at`, and as many as a program writes: a
    copy that was not finished may have its full length, with zeros where members should be."""
    rest = yield from window.take(at, int(min(size - at, MAX_PADDING + 1)))
    if rest.strip(b"\0"):
        what = "more is behind: it is damaged, or several tars that were joined"
    elif not _is_padding(len(rest), size):
        what = "there are only zeros behind, more than programs write: its copy was not finished"
    else:
        return
    raise ImageRejected(Reason.TRUNCATED, f"the mark of its end is at byte {at}, and {what}")


def _is_padding(zeros: int, size: float) -> bool:
    """Whether so many zeros end a tar of `size` bytes, and do not stand for members. One that was compressed (infinite)
    shows itself whether it is whole."""
    if math.isinf(size):
        return zeros <= MAX_PADDING
    return zeros <= max(record for record in (RECORD, *RECORDS) if record == RECORD or size % record == 0) + BLOCK


def _ends_in_gap(window: Window, header: _Header, size: float) -> Generator[Span, bytes | None, bool]:
    """Whether a member ends with a zero, and the archive goes on with more of them than a tar may end with: then the
    member may end in the gap."""
    length = header.stored % BLOCK or BLOCK
    last = yield from window.take(header.end - BLOCK, 2 * BLOCK)
    if len(last) < 2 * BLOCK or last[length - 1] or any(last[BLOCK:]):
        return False
    try:
        yield from _check_end(window, header.end, size)
    except ImageRejected:
        return True
    return False


def _described(window: Window, at: int) -> Generator[Span, bytes | None, tuple[_Extension, _Header | None]]:
    """The header of the next member, and what stands before it; None at the end of the archive."""
    extension, first = _Extension(), at
    for _ in range(MAX_EXTENSIONS):
        data = yield from window.take(at, BLOCK)
        if len(data) == BLOCK and not any(data):
            return extension, None
        header = _header(data, at)
        if header.kind not in _EXTENSIONS:
            return extension, header
        if header.end - first > MAX_HEADERS:
            raise ImageRejected(Reason.CORRUPT, f"more than {MAX_HEADERS} bytes of headers at byte {first}")
        if header.kind != b"g":
            content = yield from window.take(header.content_at, header.stored)
            _extend(extension, header, content)
        at = header.end
    raise ImageRejected(Reason.CORRUPT, f"more than {MAX_EXTENSIONS} extended headers for one member, at byte {first}")


def _last_of_sparse_map(window: Window, at: int) -> Generator[Span, bytes | None, int]:
    """Where the last block of the map of a sparse file is, as GNU tar wrote it: each says whether one more follows."""
    for _ in range(MAX_HEADERS // BLOCK):
        at += BLOCK
        data = yield from window.take(at, BLOCK)
        if len(data) < BLOCK:
            raise ImageRejected(Reason.TRUNCATED, f"the archive is cut off in a header, at byte {at}")
        if not data[504]:
            return at
    raise ImageRejected(Reason.CORRUPT, f"the map of a sparse file has more than {MAX_HEADERS} bytes, at byte {at}")


def _header(data: bytes, at: int) -> _Header:
    if len(data) < BLOCK:
        what = "in a header" if data else "without a mark of its end"
        raise ImageRejected(Reason.TRUNCATED, f"the archive is cut off {what}, at byte {at}")
    if not _is_sum_right(data):
        reason = Reason.CORRUPT if at else Reason.UNSUPPORTED
        raise ImageRejected(reason, f"there is no header of a member at byte {at}" if at else "it is not a tar archive")
    stored = _number(data[124:136])
    if stored is None or not 0 <= stored <= MAX_SIZE:
        raise ImageRejected(Reason.CORRUPT, f"a member has no valid size, at byte {at}")
    name, kind = _until_null(data[:100]), data[156:157]
    prefix = _until_null(data[345:500]) if data[257:263] == b"ustar\0" else b""
    name = prefix + b"/" + name if prefix else name
    # Links and devices have no content, whatever they say.
    return _Header(at, name, kind, 0 if kind in _OTHERS else stored, has_sparse_map=kind == _SPARSE and data[482] != 0)


def _member(start: int, extension: _Extension, header: _Header) -> Member | None:
    name = text_of(extension.name if extension.name is not None else header.name, "latin-1")
    if header.kind in _FILES and name.endswith("/"):
        # Before POSIX, this was a folder.
        return None
    fault, detail = None, ""
    if header.kind in _OTHERS:
        fault, detail = Reason.NOT_REGULAR, f"not a file but {_OTHERS[header.kind]}; links in archives are not followed"
    elif header.kind == _SPARSE or extension.is_sparse:
        fault, detail = Reason.UNSUPPORTED, "a sparse file in a tar is not read"
    elif header.kind == _CONTINUED:
        fault, detail = Reason.TRUNCATED, "the file begins in another volume of this tar"
    at = header.content_at - start
    return Member(name, Span(start, at + header.stored), header.stored, at, fault, detail)


def _extend(extension: _Extension, header: _Header, content: bytes) -> None:
    if len(content) < header.stored:
        raise ImageRejected(Reason.TRUNCATED, f"the archive is cut off in a header, at byte {header.at}")
    if header.kind == _LONG_NAME:
        extension.name = _until_null(content)
    elif header.kind in _PAX:
        _read_records(extension, content)


def _read_records(extension: _Extension, content: bytes) -> None:
    """PAX records: `length key=value\\n`, where the length counts all of it."""
    at = 0
    while at < len(content):
        space = content.find(b" ", at, at + 20)
        digits = content[at:space] if space > at else b""
        length = int(digits) if digits.isdigit() else 0
        record = content[space + 1 : at + length - 1]
        key, equals, value = record.partition(b"=")
        if not equals or length <= space - at + 1:
            # The rest is no record: tar ignores it as well.
            return
        if key == b"path":
            extension.name = _until_null(value)
        elif key == b"size" and value.isdigit() and len(value) < 20:
            extension.size = min(int(value), MAX_SIZE)
        elif key.startswith(b"GNU.sparse."):
            extension.is_sparse = True
        at += length


def _is_sum_right(header: bytes) -> bool:
    """Whether the checksum fits: the sum of all bytes with spaces in place of the checksum; some writers add signed."""
    claimed = _number(header[148:156])
    if claimed is None or not 0 <= claimed < MAX_SUM:
        return False
    # The lower half of Adler-32 is one more than the sum of all bytes, modulo 65521: twenty times as fast as `sum`.
    if zlib.adler32(header) & 0xFFFF == (1 + claimed - 8 * 32 + sum(header[148:156])) % 65521:
        return True
    negative = sum(byte > 127 for byte in (*header[:148], *header[156:]))
    return bool(claimed == sum(header) - sum(header[148:156]) + 8 * 32 - 256 * negative)


def _number(field: bytes) -> int | None:
    """Octal digits, or binary behind a byte 0x80 (0xff: negative); None for anything else."""
    if field[0] in (0x80, 0xFF):
        number = int.from_bytes(field[1:])
        return number if field[0] == 0x80 else number - 256 ** (len(field) - 1)
    digits = _until_null(field).strip()
    try:
        return int(digits or b"0", 8)
    except ValueError:
        return None


def _until_null(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def content(data: bytes, name: str, span: Span, max_bytes: int) -> bytes:
    """The content of the member whose headers `data` begins with, read from `span`. Raises ImageRejected: `changed` if
    it is another member."""
    member = _first(data)
    if member is None or member.name != name or member.span.length != span.length:
        raise ImageRejected(Reason.CHANGED, "the archive has changed: the member is elsewhere")
    if member.size_bytes > max_bytes:
        raise ImageRejected(Reason.TOO_LARGE, f"{member.size_bytes} bytes; at most {max_bytes} are read")
    if len(data) < span.length:
        there = len(data) - member.content_at
        # That tells nothing of the member, which may be whole in the next copy: its document stays.
        raise ImageRejected(
            Reason.UNREADABLE, f"its archive is cut off in it, after {there} of {member.size_bytes} bytes"
        )
    if member.fault is not None:
        raise ImageRejected(member.fault, member.detail)
    if not member.size_bytes:
        raise ImageRejected(Reason.EMPTY, "0 bytes")
    return data[member.content_at :]


def _first(data: bytes) -> Member | None:
    """The member whose headers the data begin with."""
    listing = members(len(data), len(data))
    try:
        item = next(listing)
        while not isinstance(item, Member):
            item = listing.send(data[item.start : item.start + item.length])
    except (StopIteration, ImageRejected):
        return None
    return item

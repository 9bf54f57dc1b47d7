"""Zip archives: members, and at the end a directory of them (PKWARE, APPNOTE.TXT 6.3.10).

The directory is read as a stream. What it claims is checked where the member lies, and counted while it is unpacked.
"""

import stat
import struct
import zlib
from collections.abc import Generator
from dataclasses import dataclass

from lookalike.errors import ImageRejected
from lookalike.reading.archives.member import MAX_MEMBERS, MAX_SIZE, Listing, Member, Reads, Window, text_of
from lookalike.records import Reason, Span

LOCAL_HEADER = b"PK\x03\x04"
#: How zips begin; one without members consists of its end.
STARTS = (LOCAL_HEADER, b"PK\x05\x06", b"PK\x07\x08")

_ENTRY, _END, _END_64, _LOCATOR_64 = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY_FIELDS = struct.Struct("<4s4B4H3L5H2L")
_LOCAL_FIELDS = struct.Struct("<4s5H3L2H")
_END_FIELDS = struct.Struct("<4s4H2LH")
_END_64_FIELDS = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64_FIELDS = struct.Struct("<4sLQL")
_DESCRIPTOR = b"PK\x07\x08"
#: A comment behind the end has at most so many bytes.
_MAX_COMMENT = 0xFFFF
#: In place of a number of 16 or 32 bits that stands in a field of zip64.
_IN_64_16, _IN_64 = 0xFFFF, 0xFFFFFFFF
_ZIP_64 = 1

_ENCRYPTED, _SIZES_BEHIND = 0x1, 0x8
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "AES"}
_UNIX, _MACOS = 3, 19

#: What a member has in front of its content beside header and name: programs write up to 48 bytes there. A member has
#: at least as many bytes of the directory behind it, so a span never ends behind the archive.
SLACK = 64


@dataclass(frozen=True)
class _Directory:
    """Where the directory begins and ends, and what all places in it are too small by: a zip may have a program before
    it."""

    start: int
    end: int
    shift: int


def members(size: int, block: int) -> Listing:
    """The members of a zip of `size` bytes, in the order of its directory. Raises ImageRejected where it is broken."""
    window = Window(size, block)
    directory = yield from _directory(window, size)
    at, stored = directory.start, 0
    for _ in range(MAX_MEMBERS):
        if at + _ENTRY_FIELDS.size > directory.end:
            return
        fixed = yield from window.take(at, _ENTRY_FIELDS.size)
        if len(fixed) < _ENTRY_FIELDS.size or not fixed.startswith(_ENTRY):
            raise ImageRejected(Reason.CORRUPT, f"the directory of the zip is broken at byte {at}")
        fields = _ENTRY_FIELDS.unpack(fixed)
        lengths = fields[12:15]
        names = yield from window.take(at + _ENTRY_FIELDS.size, sum(lengths[:2]))
        at += _ENTRY_FIELDS.size + sum(lengths)
        member, taken = _member(fields, names, directory)
        stored += taken
        if stored > size:
            raise ImageRejected(Reason.BOMB, "the members overlap: together they are longer than the zip")
        if member is not None:
            yield member
    raise ImageRejected(Reason.TOO_LARGE, f"the zip has more than {MAX_MEMBERS} members; the others are not read")


def _member(fields: tuple[int, ...], names: bytes, directory: _Directory) -> tuple[Member | None, int]:
    """The member of an entry, None for a folder; and how many bytes it has in the zip."""
    system, flags, method = fields[2], fields[5], fields[6]
    packed, unpacked, name_length, attributes, place = fields[10], fields[11], fields[12], fields[17], fields[18]
    raw, extra = names[:name_length], names[name_length:]
    # Larger numbers than any file has are lies, and fit into no database.
    unpacked, packed, place = (min(number, MAX_SIZE) for number in _in_64(extra, [unpacked, packed, place]))
    name = text_of(raw, "cp437")
    if name.endswith(("/", "\\")):
        return None, packed
    start = place + directory.shift
    fault, detail = _fault(flags, method)
    if system in (_UNIX, _MACOS) and stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG):
        fault, detail = Reason.NOT_REGULAR, "not a file but a link or a device; links in archives are not followed"
    elif start + packed > directory.start:
        fault, detail = Reason.CORRUPT, "the directory of the zip names a place behind its members"
        start, packed = min(start, directory.start), 0
    return Member(name, Span(start, _span_length(len(raw), packed)), unpacked, fault=fault, detail=detail), packed


def _span_length(name_bytes: int, packed: int) -> int:
    return _LOCAL_FIELDS.size + name_bytes + packed + SLACK


def _fault(flags: int, method: int) -> tuple[Reason | None, str]:
    if flags & _ENCRYPTED:
        return Reason.UNSUPPORTED, "it is encrypted in the zip"
    if method not in (_STORED, _DEFLATED):
        named = _METHODS.get(method, f"method {method}")
        return Reason.UNSUPPORTED, f"it is compressed with {named}; only stored and deflated members are read"
    return None, ""


def _in_64(extra: bytes, numbers: list[int]) -> list[int]:
    """Unpacked size, packed size and place; those of 32 ones stand in the field of zip64, in this order."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        values = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _ZIP_64:
            for index, number in enumerate(numbers):
                if number == _IN_64 and len(values) >= 8:
                    numbers[index], values = int.from_bytes(values[:8], "little"), values[8:]
            break
    return numbers


def _directory(window: Window, size: int) -> Generator[Span, bytes | None, _Directory]:
    """Finds the directory from the end of the zip. Raises ImageRejected."""
    tail_at = max(0, size - _END_FIELDS.size - _MAX_COMMENT)
    tail = yield from window.take(tail_at, size - tail_at)
    found = _end_in(tail)
    if found < 0:
        raise ImageRejected(Reason.TRUNCATED, "the zip has no directory at its end: it is cut off; copy it again")
    _, disk, _, _, count, length, place, _ = _END_FIELDS.unpack_from(tail, found)
    end = tail_at + found
    if disk not in (0, _IN_64_16):
        raise ImageRejected(Reason.UNSUPPORTED, "it is one of several parts of a zip; join them first")
    if _IN_64 in (length, place) or count == _IN_64_16:
        locator = yield from window.take(max(0, end - _LOCATOR_64_FIELDS.size), _LOCATOR_64_FIELDS.size)
        if locator.startswith(_LOCATOR_64):
            end, length, place = yield from _end_64(window, locator, end)
    start = end - length
    if start < 0 or place > start:
        raise ImageRejected(Reason.CORRUPT, "the end of the zip names no place of its directory")
    return _Directory(start, end, start - place)


def _end_in(tail: bytes) -> int:
    """Where the end record begins: the last one whose comment ends with the file; -1 if there is none."""
    found = len(tail)
    while (found := tail.rfind(_END, 0, found + len(_END) - 1)) >= 0:
        if found + _END_FIELDS.size <= len(tail):
            comment = int.from_bytes(tail[found + 20 : found + 22], "little")
            if found + _END_FIELDS.size + comment <= len(tail):
                return found
    return -1


def _end_64(window: Window, locator: bytes, end: int) -> Generator[Span, bytes | None, tuple[int, int, int]]:
    """Where the end of zip64 begins, how long the directory is, and where. The record lies before its locator, or where
    the locator says."""
    _, _, claimed, _ = _LOCATOR_64_FIELDS.unpack(locator)
    for at in (end - _LOCATOR_64_FIELDS.size - _END_64_FIELDS.size, claimed):
        record = (yield from window.take(at, _END_64_FIELDS.size)) if 0 <= at < end else b""
        if len(record) == _END_64_FIELDS.size and record.startswith(_END_64):
            fields = _END_64_FIELDS.unpack(record)
            return at, fields[8], fields[9]
    raise ImageRejected(Reason.CORRUPT, "the zip has no end of zip64 where it should be")


def content(data: bytes, name: str, span: Span, max_bytes: int) -> Reads:
    """The content of the member whose header `data` begins with, read from `span`. Raises ImageRejected: `changed` if
    it is another member."""
    if len(data) < _LOCAL_FIELDS.size or not data.startswith(LOCAL_HEADER):
        raise _moved()
    _, _, flags, method, _, _, checksum, packed, unpacked, name_length, extra_length = _LOCAL_FIELDS.unpack_from(data)
    at = _LOCAL_FIELDS.size + name_length
    if text_of(data[_LOCAL_FIELDS.size : at], "cp437") != name:
        raise _moved()
    fault, detail = _fault(flags, method)
    if fault is not None:
        raise ImageRejected(fault, detail)
    claimed = span.length - _span_length(name_length, 0)
    if not flags & _SIZES_BEHIND:
        unpacked, packed, _ = _in_64(data[at : at + extra_length], [unpacked, packed, 0])
        if packed != claimed:
            raise ImageRejected(Reason.CORRUPT, "the directory of the zip and the member's header differ in its size")
        if unpacked > max_bytes:
            raise ImageRejected(Reason.TOO_LARGE, f"{unpacked} bytes; at most {max_bytes} are read")
    start = at + extra_length
    if start + claimed > len(data):
        data += yield Span(span.start + len(data), start + claimed - len(data))
    if start + claimed > len(data):
        raise ImageRejected(Reason.UNREADABLE, f"its zip is cut off in it, after {max(0, len(data) - start)} bytes")
    packed_data = data[start : start + claimed]
    found = packed_data if method == _STORED else _inflated(packed_data, max_bytes)
    if flags & _SIZES_BEHIND:
        checksum, unpacked = _behind(data[start + claimed :], found, checksum)
    _check(found, unpacked, checksum)
    return found


def _inflated(data: bytes, max_bytes: int) -> bytes:
    """Unpacks at most `max_bytes`, whatever the headers say. Raises ImageRejected."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise ImageRejected(Reason.CORRUPT, "its compressed content is broken") from error
    if len(found) > max_bytes:
        raise ImageRejected(Reason.TOO_LARGE, f"more than {max_bytes} bytes when it is unpacked")
    if not stream.eof:
        raise ImageRejected(Reason.TRUNCATED, "its compressed content has no end")
    return found


def _behind(rest: bytes, found: bytes, checksum: int) -> tuple[int, int]:
    """Checksum and size from behind the content, if that was read as well."""
    rest = rest.removeprefix(_DESCRIPTOR)
    return (int.from_bytes(rest[:4], "little") if len(rest) >= 4 else checksum or zlib.crc32(found)), len(found)


def _check(found: bytes, unpacked: int, checksum: int) -> None:
    if len(found) != unpacked:
        raise ImageRejected(Reason.CORRUPT, f"it has {len(found)} bytes; the zip says {unpacked}")
    if zlib.crc32(found) != checksum:
        raise ImageRejected(Reason.CORRUPT, "its checksum in the zip differs")
    if not found:
        raise ImageRejected(Reason.EMPTY, "0 bytes")


def _moved() -> ImageRejected:
    return ImageRejected(Reason.CHANGED, "the archive has changed: the member is elsewhere")

"""When a photograph was taken, from what stands beside its pixels (EXIF 2.32, 4.6.5, F)."""

import re
import struct
from datetime import datetime, timedelta

from lookalike.decoding.tiff_directories import BIG, CLASSIC, MAX_ENTRIES, TYPES, File, opened

#: Of EXIF that a file has as an item or a box of its own, the part that is read. A JPEG has no more.
MOST_EXIF_BYTES = 2**16

#: The directory of EXIF, and in it DateTimeOriginal, OffsetTimeOriginal and SubSecTimeOriginal.
_EXIF, _TAKEN, _OFFSET, _FRACTION = 34665, 36867, 36881, 37521
#: Bytes of a text that count.
_MOST_TEXT = 24
#: ASCII, and UTF-8 as of EXIF 3.0.
_TEXTS = frozenset({2, 129})
_POINTERS = frozenset({4, 13, 16, 18})

_DATE = re.compile(rb"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(rb"([+-])([01]\d):([0-5]\d)")
_DIGITS = re.compile(rb"\d{1,9}")
_EPOCH = datetime(1970, 1, 1)


def taken_of(exif: bytes) -> int | None:
    """DateTimeOriginal in milliseconds since 1970; None if nothing says it. A time without an offset counts as UTC, so
    that the photographs of one place keep their order. `exif` is a TIFF, as EXIF and many raws are."""
    # Some programs write the prefix twice.
    file = opened(exif.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0"))
    try:
        texts, below = _read(file, file.first)
        # Raws have the date in their first directory as well (TIFF/EP, ISO 12234-2).
        if below:
            texts |= _read(file, below)[0]
        return _moment(texts)
    except (struct.error, ValueError, OverflowError):
        return None


def taken_in_item(item: bytes) -> int | None:
    """The same, of an item or a box of EXIF: its first bytes say how many follow before the TIFF (ISO 23008-12, A.2.1;
    ISO 18181-2, 9.5)."""
    return taken_of(item[4 + int.from_bytes(item[:4]) :])


def _read(file: File, at: int) -> tuple[dict[int, bytes], int]:
    """The texts of a directory that count, and the offset of the directory of EXIF; 0 if it names none. Raises
    struct.error for a directory outside of the file."""
    form = BIG if file.is_big else CLASSIC
    (count,) = struct.unpack_from(file.order + form.count, file.data, at)
    entry = struct.Struct(file.order + form.entry + form.offset)
    at += struct.calcsize(file.order + form.count)
    table = file.data[at : at + min(count, MAX_ENTRIES) * entry.size]
    texts: dict[int, bytes] = {}
    below = 0
    whole = table[: len(table) - len(table) % entry.size]
    # Every image has such a table, so no object is made of what does not count.
    for end, (tag, kind, length, start) in enumerate(entry.iter_unpack(whole), 1):
        value_at = at + end * entry.size - form.width
        if tag == _EXIF and kind in _POINTERS:
            below = file.number(value_at, TYPES[kind][1])
        elif tag in (_TAKEN, _OFFSET, _FRACTION) and kind in _TEXTS:
            start = value_at if length <= form.width else start
            texts.setdefault(tag, file.data[start : start + min(length, _MOST_TEXT)])
    return texts, below


def _moment(texts: dict[int, bytes]) -> int | None:
    """Raises ValueError for a day or a time that does not exist, as cameras without a clock write zeros, and
    OverflowError for one that is before the year 1 or after 9999 in UTC: no date says it."""
    date = _DATE.match(texts.get(_TAKEN, b""))
    if date is None:
        return None
    year, month, day, hour, minute, second = map(int, date.groups())
    moment = datetime(year, month, day, hour, minute, second)
    if zone := _ZONE.match(texts.get(_OFFSET, b"")):
        offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
        moment += offset if zone[1] == b"-" else -offset
    digits = _DIGITS.match(texts.get(_FRACTION, b""))
    return (moment - _EPOCH) // timedelta(milliseconds=1) + (int(digits[0].ljust(3, b"0")[:3]) if digits else 0)

"""The ICC profile of a JPEG XL codestream: entropy coded, and predicted from what profiles usually hold (annex E.4)."""

from lookalike.decoding.encoded import too_much
from lookalike.decoding.jxl_bits import Bits
from lookalike.decoding.jxl_entropy import Reader

#: Of the coded profile; profiles of displays and cameras have some kilobytes, those of printers, up to megabytes, would
#: take seconds.
MAX_CODED_BYTES = 2**16
_MAX_PROFILE_BYTES = 2**18
_CONTEXTS = 41
_HEADER_BYTES = 128
_TAGS = (b"cprt wtpt bkpt rXYZ gXYZ bXYZ kXYZ rTRC gTRC bTRC kTRC chad desc chrm dmnd dmdd lumi").split()
_TYPES = (b"XYZ ", b"desc", b"text", b"mluc", b"para", b"curv", b"sf32", b"gbd ")
_OF_20_BYTES = frozenset((b"rXYZ", b"gXYZ", b"bXYZ", b"kXYZ", b"wtpt", b"bkpt", b"lumi"))
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset(b"0123456789.,")


def read(bits: Bits) -> bytes:
    """The profile; `bits` is behind it then. Raises ImageRejected (`bomb`) if it is too long, ValueError for others."""
    length = bits.long()
    if length > MAX_CODED_BYTES:
        raise too_much(f"a coded profile of {length} bytes; at most {MAX_CODED_BYTES} are read")
    reader = Reader(bits, _CONTEXTS)
    coded = bytearray()
    for place in range(length):
        value = reader.number(_context(coded, place))
        if value > 255:
            raise ValueError("a byte of a profile is too large")
        coded.append(value)
    reader.check_end()
    return _Profile(bytes(coded)).predicted()


def _context(coded: bytearray, place: int) -> int:
    if place <= _HEADER_BYTES:
        return 0
    last, before = coded[-1], coded[-2]
    return 1 + _kind(last) + 8 * _kind_before(before)


def _kind(value: int) -> int:
    if value in _LETTERS or value in _DIGITS:
        return 0 if value in _LETTERS else 1
    if value < 16:
        return (2, 3)[value] if value < 2 else 4
    return 6 if value == 255 else 5 if value > 240 else 7


def _kind_before(value: int) -> int:
    if value in _LETTERS or value in _DIGITS:
        return 0 if value in _LETTERS else 1
    return 2 if value < 16 else 3 if value > 240 else 4


class _Profile:
    """Two streams, of commands and of data, that make a profile."""

    def __init__(self, coded: bytes) -> None:
        self._coded = coded
        self._at = 0
        self._size = self._number()
        if self._size > _MAX_PROFILE_BYTES:
            raise too_much(f"a profile of {self._size} bytes; at most {_MAX_PROFILE_BYTES} are read")
        commands = self._number()
        self._end = self._data_at = self._at + commands
        if self._end > len(coded):
            raise ValueError("the commands of a profile are cut")
        self._made = bytearray()

    def predicted(self) -> bytes:
        self._header()
        if self._size > _HEADER_BYTES:
            self._tags()
            while self._at < self._end:
                self._command()
        if len(self._made) != self._size:
            raise ValueError("a profile of another length")
        return bytes(self._made)

    def _number(self) -> int:
        """In pieces of 7 bits."""
        value = 0
        for shift in range(0, 63, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number is too large")

    def _byte(self) -> int:
        self._at += 1
        return self._coded[self._at - 1]

    def _data(self, count: int) -> bytes:
        found = self._coded[self._data_at : self._data_at + count]
        if len(found) < count or len(self._made) + count > self._size:
            raise ValueError("the data of a profile are cut")
        self._data_at += count
        return found

    def _header(self) -> None:
        usual = bytearray(_HEADER_BYTES)
        usual[0:4], usual[8], usual[12:24], usual[36:40] = self._size.to_bytes(4), 4, b"mntrRGB XYZ ", b"acsp"
        usual[68:80] = b"\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d"
        for place, byte in enumerate(self._data(min(_HEADER_BYTES, self._size))):
            if place == 8:
                usual[80:84] = self._made[4:8]
            if place == 41:
                usual[41:44] = {65: b"PPL", 77: b"SFT"}.get(self._made[40], usual[41:44])
            if place == 42:
                usual[42:44] = {b"SG": b"I ", b"SU": b"NW"}.get(bytes(self._made[40:42]), usual[42:44])
            self._made.append((byte + usual[place]) & 255)

    def _tags(self) -> None:
        count = self._number()
        if not count:
            return
        self._made += (count - 1).to_bytes(4)
        start, size = _HEADER_BYTES + 12 * (count - 1), 0
        while self._at < self._end:
            command = self._byte()
            code = command & 63
            if not code:
                return
            if code > 3 + len(_TAGS):
                raise ValueError("an unknown tag of a profile")
            tag = self._data(4) if code == 1 else (b"rTRC", b"rXYZ", *_TAGS)[code - 2]
            start = self._number() if command & 64 else start + size
            size = 20 if tag in _OF_20_BYTES else size
            size = self._number() if command & 128 else size
            self._tag(tag, start, size)
            if code == 2:
                self._tag(b"gTRC", start, size)
                self._tag(b"bTRC", start, size)
            elif code == 3:
                self._tag(b"gXYZ", start + size, size)
                self._tag(b"bXYZ", start + 2 * size, size)

    def _tag(self, name: bytes, start: int, size: int) -> None:
        if len(self._made) + 12 > self._size:
            raise ValueError("too many tags of a profile")
        self._made += name + (start & 0xFFFFFFFF).to_bytes(4) + (size & 0xFFFFFFFF).to_bytes(4)

    def _command(self) -> None:
        command = self._byte()
        if command == 1:
            self._made += self._data(self._number())
        elif command in (2, 3):
            self._made += _shuffled(self._data(self._number()), 2 if command == 2 else 4)
        elif command == 4:
            self._predict()
        elif command == 10:
            self._made += b"XYZ " + bytes(4) + self._data(12)
        elif 16 <= command < 16 + len(_TYPES):
            self._made += _TYPES[command - 16] + bytes(4)
        else:
            raise ValueError("an unknown command of a profile")

    def _predict(self) -> None:
        """Numbers as differences to what a polynomial through those before them says."""
        flags = self._byte()
        width, order = (flags & 3) + 1, flags >> 2 & 3
        stride = self._number() if flags & 16 else width
        if width == 3 or order == 3 or stride < width or stride * 4 >= len(self._made):
            raise ValueError("a wrong prediction of a profile")
        data = self._data(self._number())
        data = _shuffled(data, width) if width > 1 else data
        start = len(self._made)
        for place in range(0, len(data), width):
            one, two, three = (self._number_at(start + place - stride * back, width) for back in (1, 2, 3))
            value = (one, 2 * one - two, 3 * one - 3 * two + three)[order]
            for part, byte in enumerate(data[place : place + width]):
                self._made.append(((value >> 8 * (width - 1 - part)) + byte) & 255)

    def _number_at(self, at: int, width: int) -> int:
        return int.from_bytes(self._made[at : at + width])


def _shuffled(data: bytes, width: int) -> bytes:
    """The first bytes of all numbers stood first, then the second ones, and so on."""
    rows = -(-len(data) // width)
    return b"".join(data[row::rows] for row in range(rows))

"""The header of a JPEG XL codestream (ISO 18181-1, annex D), and those of its frames (annex F)."""

from dataclasses import dataclass, field

from lookalike.decoding.jxl_bits import Bits

_ALPHA, _SPOT, _CFA, _BLACK = 0, 2, 5, 3
_GREY, _XYB = 1, 2
_CUSTOM = 2
#: Width to height, in numbers of a header.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIZE = ((1, 9), (1, 13), (1, 18), (1, 30))


@dataclass
class Header:
    """`bits`: of a sample; `is_float`: as in IEEE 754. `colours`: codes of primaries and curve (H.273) if there is no
    ICC profile. `end`: the offset of the next bit."""

    width: int = 0
    height: int = 0
    bits: int = 8
    is_float: bool = False
    is_xyb: bool = True
    is_premultiplied: bool = False
    has_black: bool = False
    has_profile: bool = False
    has_timecodes: bool = False
    is_animated: bool = False
    colours: tuple[int, int] = (1, 13)
    extra: list[int] = field(default_factory=list)
    end: int = 0


def read(data: bytes) -> Header:
    """Raises ValueError for a broken or cut header."""
    bits, found = Bits(data, 16), Header()
    found.width, found.height = _size(bits)
    if not bits.take(1):
        _metadata(bits, found)
    if not bits.take(1):
        _transform(bits, found)
    found.end = bits.at
    return found


def _size(bits: Bits) -> tuple[int, int]:
    is_small = bits.take(1)

    def side() -> int:
        return 8 * (1 + bits.take(5)) if is_small else bits.choice(*_SIZE)

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    return height * _RATIOS[ratio][0] // _RATIOS[ratio][1], height


def _metadata(bits: Bits, found: Header) -> None:
    has_more = bits.take(1)
    if has_more:
        # The orientation is not needed: libjxl turns the image.
        bits.take(3)
        if bits.take(1):
            _size(bits)
        if bits.take(1):
            raise ValueError("unsupported: a preview frame")
        if bits.take(1):
            found.is_animated = True
            bits.choice((100, 0), (1000, 0), (1, 10), (1, 30))
            bits.choice((1, 0), (1001, 0), (1, 8), (1, 10))
            bits.choice((0, 0), (0, 3), (0, 16), (0, 32))
            found.has_timecodes = bool(bits.take(1))
    found.bits, found.is_float = _depth(bits)
    bits.take(1)
    for _ in range(bits.choice((0, 0), (1, 0), (2, 4), (1, 12))):
        _extra(bits, found)
    found.is_xyb = bool(bits.take(1))
    if not bits.take(1):
        _colours(bits, found)
    if has_more and not bits.take(1):
        bits.take(32)
        bits.take(17)
    bits.skip_extensions()


def _depth(bits: Bits) -> tuple[int, bool]:
    if bits.take(1):
        depth = bits.choice((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
        return depth, True
    return bits.choice((8, 0), (10, 0), (12, 0), (1, 6)), False


def _extra(bits: Bits, found: Header) -> None:
    """A further channel."""
    if bits.take(1):
        found.extra.append(_ALPHA)
        return
    kind = bits.enumerated()
    _depth(bits)
    bits.choice((0, 0), (3, 0), (4, 0), (1, 3))
    bits.skip(8 * bits.choice((0, 0), (0, 4), (16, 5), (48, 10)))
    if kind == _ALPHA:
        found.is_premultiplied |= bool(bits.take(1)) and _ALPHA not in found.extra
    elif kind == _SPOT:
        bits.skip(64)
    elif kind == _CFA:
        bits.choice((1, 0), (0, 2), (3, 4), (19, 8))
    found.has_black |= kind == _BLACK
    found.extra.append(kind)


def _colours(bits: Bits, found: Header) -> None:
    found.has_profile = bool(bits.take(1))
    space = bits.enumerated()
    if found.has_profile:
        return
    primaries, curve = 1, 13
    if space != _XYB and bits.enumerated() == _CUSTOM:
        _skip_chromaticities(bits, 1)
    if space not in (_XYB, _GREY):
        primaries = bits.enumerated()
        if primaries == _CUSTOM:
            _skip_chromaticities(bits, 3)
    if space != _XYB:
        curve = 0 if bits.take(1) else bits.enumerated()
        if not curve:
            gamma = bits.take(24)
            # Codes have these two only; 1 / 2.2 and 1 / 2.8, in ten millionths.
            curve = 5 if gamma < 4_000_000 else 4
    bits.enumerated()
    # Of P3, the usual white is that of sRGB.
    found.colours = {11: 12}.get(primaries, primaries), curve


def _skip_chromaticities(bits: Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.choice((0, 19), (524288, 19), (1048576, 20), (2097152, 21))


def _transform(bits: Bits, found: Header) -> None:
    if found.is_xyb and not bits.take(1):
        bits.skip(16 * 16)
    chosen = bits.take(3)
    bits.skip(16 * sum(count for number, count in enumerate((15, 55, 210)) if chosen >> number & 1))

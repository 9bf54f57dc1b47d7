"""The frames of a JPEG XL codestream up to its first image (ISO 18181-1, annex F): what a decoder allocates."""

from dataclasses import dataclass

from lookalike.decoding.encoded import Parts
from lookalike.decoding.jxl_bits import Bits
from lookalike.decoding.jxl_header import Header

#: Frames below the first image: layers, and parts that an encoder uses again.
MAX_FRAMES = 100
_REGULAR, _LOW, _REFERENCE = 0, 1, 2
_MODULAR = 1
_USES_LOW = 0x20
_SIDE = ((0, 8), (256, 11), (2304, 14), (18688, 30))
_GROUP = 256
#: A decoder allocates whole rows of blocks, also for an image of one row.
_LEAST_SIDE = 16


@dataclass
class Frame:
    kind: int = _REGULAR
    encoding: int = 0
    width: int = 0
    height: int = 0
    passes: int = 1
    group_shift: int = 1
    upsampling: int = 1
    low_level: int = 0
    is_last: bool = True
    duration: int = 0

    @property
    def is_shown(self) -> bool:
        return self.kind in (_REGULAR, 3) and (self.is_last or self.duration > 0)


def pixels(data: bytes, at: int, header: Header) -> int:
    """Of the largest frame up to the first image that is shown; `at`: the offset of the first bit.

    Raises ImageRejected (`bomb`) for more than MAX_FRAMES frames, ValueError for a broken codestream.
    """
    bits, most = Bits(data, at), 0
    frames, contents = Parts("frames", MAX_FRAMES), Parts("parts of frames")
    while True:
        frames.more()
        bits.align()
        frame = _frame(bits, header)
        most = max(most, max(frame.width, _LEAST_SIDE) * max(frame.height, _LEAST_SIDE))
        if frame.is_shown:
            return most
        bits.skip(8 * _content_bytes(bits, frame, contents))


def _frame(bits: Bits, header: Header) -> Frame:
    frame = Frame(width=header.width, height=header.height)
    if bits.take(1):
        return frame
    _coding(bits, frame, header)
    if frame.kind == _LOW:
        frame.low_level = 1 + bits.take(2)
        frame.is_last = False
    else:
        _place(bits, frame, header)
    bits.skip(8 * bits.choice((0, 0), (0, 4), (16, 5), (48, 10)))
    _filter(bits, frame)
    bits.skip_extensions()
    return frame


def _coding(bits: Bits, frame: Frame, header: Header) -> None:
    frame.kind, frame.encoding = bits.take(2), bits.take(1)
    flags = bits.long()
    uses_low = bool(flags & _USES_LOW)
    if not header.is_xyb and bits.take(1) and not uses_low:
        bits.take(6)
    if not uses_low:
        frame.upsampling = 1 << bits.take(2)
        bits.skip(2 * len(header.extra))
    if frame.encoding == _MODULAR:
        frame.group_shift = bits.take(2)
    elif header.is_xyb:
        bits.take(6)
    if frame.kind != _REFERENCE:
        _passes(bits, frame)


def _place(bits: Bits, frame: Frame, header: Header) -> None:
    """Where a frame lies, how it covers those below it, and whether a later one may refer to it."""
    is_partial = bool(bits.take(1)) and _crop(bits, frame, header)
    is_replacing = True
    if frame.kind == _REFERENCE:
        frame.is_last = False
    else:
        is_replacing = _blending(bits, bool(header.extra), is_partial)
        for _ in header.extra:
            _blending(bits, True, is_partial)
        if header.is_animated:
            frame.duration = bits.choice((0, 0), (1, 0), (0, 8), (0, 32))
            bits.skip(32 if header.has_timecodes else 0)
        frame.is_last = bool(bits.take(1))
    if frame.is_last:
        return
    is_kept = bits.take(2) or not frame.duration
    if frame.kind == _REFERENCE or (is_kept and is_replacing and not is_partial):
        # Whether it is kept before its colours are converted.
        bits.take(1)


def _passes(bits: Bits, frame: Frame) -> None:
    frame.passes = bits.choice((1, 0), (2, 0), (3, 0), (4, 3))
    if frame.passes > 1:
        steps = bits.choice((0, 0), (1, 0), (2, 0), (3, 1))
        bits.take(2 * (frame.passes - 1))
        bits.skip(2 * steps)
        for _ in range(steps):
            bits.choice((0, 0), (1, 0), (2, 0), (0, 3))


def _crop(bits: Bits, frame: Frame, header: Header) -> bool:
    """Whether the frame does not cover the image."""
    left = top = 0
    if frame.kind != _REFERENCE:
        left, top = (_signed(bits.choice(*_SIDE)) for _ in range(2))
    frame.width, frame.height = bits.choice(*_SIDE), bits.choice(*_SIDE)
    right, bottom = left + frame.width, top + frame.height
    return frame.kind == _REFERENCE or left > 0 or top > 0 or right < header.width or bottom < header.height


def _signed(value: int) -> int:
    return -(value + 1 >> 1) if value & 1 else value >> 1


def _blending(bits: Bits, has_extra: bool, is_partial: bool) -> bool:
    """Whether the frame replaces what is below it."""
    mode = bits.choice((0, 0), (1, 0), (2, 0), (3, 2))
    if has_extra and mode in (2, 3):
        bits.choice((0, 0), (1, 0), (2, 0), (3, 3))
    if (has_extra and mode in (2, 3)) or mode == 4:
        bits.take(1)
    if mode != 0 or is_partial:
        bits.take(2)
    return mode == 0


def _filter(bits: Bits, frame: Frame) -> None:
    if bits.take(1):
        return
    if bits.take(1) and bits.take(1):
        bits.skip(6 * 16)
    if not bits.take(2):
        bits.skip_extensions()
        return
    if frame.encoding != _MODULAR and bits.take(1):
        bits.skip(8 * 16)
    if bits.take(1):
        bits.skip(3 * 16 + 32)
    if bits.take(1):
        bits.skip((16 if frame.encoding != _MODULAR else 0) + 3 * 16)
    if frame.encoding == _MODULAR:
        bits.skip(16)
    bits.skip_extensions()


def _content_bytes(bits: Bits, frame: Frame, parts: Parts) -> int:
    """What the table behind the header says; `bits` is behind the table then."""
    shift = 3 * frame.low_level
    width, height = (-(-side // (frame.upsampling << shift)) for side in (frame.width, frame.height))
    group = (_GROUP >> 1) << frame.group_shift
    groups = -(-width // group) * -(-height // group)
    low_groups = -(-width // (8 * group)) * -(-height // (8 * group))
    count = 1 if groups == 1 and frame.passes == 1 else 2 + low_groups + groups * frame.passes
    if bits.take(1):
        raise ValueError("unsupported: a layer whose parts are in another order")
    bits.align()
    parts.more(count)
    sizes = [bits.choice((0, 10), (1024, 14), (17408, 22), (4211712, 30)) for _ in range(count)]
    bits.align()
    return sum(sizes)

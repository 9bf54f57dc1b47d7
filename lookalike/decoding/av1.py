"""The size that an AV1 stream claims (AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5).

An AVIF says its size in a box, but a decoder allocates what the stream inside says, which may be far larger.
"""

from lookalike.decoding.bits import Bits

_SEQUENCE_HEADER = 1
#: OBUs of an image that are looked at; an image has about three.
_MOST_OBUS = 1000


def claimed_pixels(stream: bytes) -> int:
    """The most pixels that a sequence header in these OBUs allows for a frame; 0 if there is none."""
    at = most = 0
    for _ in range(_MOST_OBUS):
        if at >= len(stream):
            break
        head = stream[at]
        at += 2 if head & 4 else 1
        length, at = _leb128(stream, at) if head & 2 else (len(stream) - at, at)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            most = max(most, _frame_pixels(Bits(stream[at : at + min(length, 256)])))
        at += length
    return most


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[at + place] if at + place < len(data) else 0
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    return value, at + 8


def _frame_pixels(bits: Bits) -> int:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced header
        bits.take(5)
    else:
        _skip_timing(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _skip_timing(bits: Bits) -> None:
    """What stands before the size in a header that is not reduced (5.5.1)."""
    delay_bits = 0
    has_model = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.take_variable()
        has_model = bits.take(1)
        if has_model:
            delay_bits = bits.take(5) + 1
            bits.take(42)
    has_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if has_model and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if has_delay and bits.take(1):
            bits.take(4)

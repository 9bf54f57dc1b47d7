"""The size that an AV1 stream claims (AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5).

An AVIF says its size in a box, but a decoder allocates what the stream inside says, which may be far larger.
"""

_SEQUENCE_HEADER = 1
#: OBUs of an image that are looked at; an image has about three.
_MOST_OBUS = 1000


class _Bits:
    """Reads numbers of a few bits; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def skip_variable(self) -> None:
        """A number in `uvlc`: as many zeros as bits that follow."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        self.take(zeros)


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
            most = max(most, _frame_pixels(_Bits(stream[at : at + min(length, 256)])))
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


def _frame_pixels(bits: _Bits) -> int:
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced header
        bits.take(5)
    else:
        _skip_timing(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _skip_timing(bits: _Bits) -> None:
    """What stands before the size in a header that is not reduced (5.5.1)."""
    delay_bits = 0
    has_model = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.skip_variable()
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

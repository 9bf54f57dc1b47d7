"""What an HEVC stream claims (ITU-T H.265, 7.3): the size of its pictures, and how many they are.

An HEIF says its size in a box, but a decoder allocates what the stream inside says, which may be far larger.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lookalike.decoding.bits import Bits
from lookalike.decoding.encoded import Parts
from lookalike.errors import ImageRejected
from lookalike.records import Reason

_SEQUENCE_PARAMETERS = 33
#: Types of units below this one hold parts of pictures.
_PICTURES_END = 32
#: Of a unit, the part that is searched for the size.
_FIRST_BYTES = 256
#: Where a decoder configuration has the bytes of a length, and its arrays of units (ISO 14496-15, 8.3.3.1).
_LENGTH_BYTES, _ARRAYS = 21, 22
#: Where it has the format of chroma, and the bits of a sample above 8.
_CHROMA, _LUMA_DEPTH, _CHROMA_DEPTH = 16, 17, 18
#: How many half samples a pixel has, by the format of chroma: none, and at a quarter, at half and at full resolution.
_HALF_SAMPLES = (2, 3, 4, 6)


class Form(NamedTuple):
    """The format of chroma (0 to 3), and by how many bits a sample of brightness and of chroma exceeds 8."""

    chroma: int
    luma_depth: int
    chroma_depth: int

    @property
    def half_bytes(self) -> int:
        """Twice the bytes of a decoded pixel."""
        return _HALF_SAMPLES[min(self.chroma, 3)] * (1 + bool(self.luma_depth or self.chroma_depth))


class Claim(NamedTuple):
    """The largest sides of a picture, and its form."""

    width: int
    height: int
    form: Form


def claim(configuration: bytes, stream: bytes | memoryview, units: Parts) -> Claim:
    """What the decoder configuration (`hvcC`) and the stream of an image claim.

    Raises ImageRejected: `bomb` for too many units, `corrupt` for more than one picture, or if the configuration and
    the stream have different forms: pi_heif allocates for one what libheif fills for the other.
    """
    if len(configuration) <= _ARRAYS:
        raise ValueError("an image without a decoder configuration")
    form = _form(configuration[_CHROMA] & 3, configuration[_LUMA_DEPTH] & 7, configuration[_CHROMA_DEPTH] & 7)
    width = height = pictures = 0
    for unit in (*_configured(configuration, units), *_units(stream, (configuration[_LENGTH_BYTES] & 3) + 1, units)):
        kind, layer = unit[0] >> 1 & 63, (unit[0] & 1) << 5 | unit[1] >> 3
        if kind == _SEQUENCE_PARAMETERS and not layer:
            found = _claim(bytes(unit[2:]))
            width, height = max(width, found.width), max(height, found.height)
            if found.form != form:
                raise ImageRejected(Reason.CORRUPT, f"a stream of the form {tuple(found.form)}, not {tuple(form)}")
        pictures += kind < _PICTURES_END and not layer and unit[2] >> 7
    if pictures > 1:
        raise ImageRejected(Reason.CORRUPT, f"one image has {pictures} pictures")
    return Claim(width, height, form)


def _configured(configuration: bytes, parts: Parts) -> Iterator[bytes]:
    at = _ARRAYS + 1
    for _ in range(configuration[_ARRAYS]):
        count = int.from_bytes(configuration[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2])
            if at + 2 >= len(configuration):
                return
            parts.more()
            if length > 2:
                yield configuration[at + 2 : at + 2 + min(length, _FIRST_BYTES)].ljust(3, b"\0")
            at += 2 + length


def _units(stream: bytes | memoryview, length_bytes: int, parts: Parts) -> Iterator[bytes]:
    at = 0
    while at + length_bytes + 3 <= len(stream):
        parts.more()
        length = int.from_bytes(stream[at : at + length_bytes])
        at += length_bytes
        if length > 2:
            yield bytes(stream[at : at + min(length, _FIRST_BYTES)])
        at += length


def _claim(parameters: bytes) -> Claim:
    """Of the sequence parameter set (7.3.2.2), without the bytes that only separate units."""
    bits = Bits(parameters.replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)
    bits.take_variable()
    chroma = bits.take_variable()
    if chroma == 3:
        bits.take(1)
    width, height = bits.take_variable(), bits.take_variable()
    if bits.take(1):
        for _ in range(4):
            bits.take_variable()
    return Claim(width, height, _form(chroma, bits.take_variable(), bits.take_variable()))


def _form(chroma: int, luma_depth: int, chroma_depth: int) -> Form:
    """Without chroma, its depth means nothing."""
    return Form(chroma, luma_depth, chroma_depth if chroma else 0)

"""Says whether every decoder takes the pixels of a JPEG alike (ITU-T T.81, annex B): those of GPUs know fewer kinds."""

from typing import NamedTuple

from lookalike.decoding.encoded import Encoded

#: Baseline and progressive, with Huffman codes.
_FRAMES = frozenset({0xC0, 0xC2})
#: Other frames: with 12 bits, arithmetic codes, without losses, or in several resolutions.
_OTHER_FRAMES = frozenset(range(0xC0, 0xD0)) - _FRAMES - {0xC4, 0xC8, 0xCC}
_SOS, _APP14, _EOI = 0xDA, 0xEE, b"\xff\xd9"
#: Blocks of brightness, across and down, for one of colour: 4:4:4, 4:2:2 and 4:2:0. Each is tried before a library is
#: used (`runtimes/gpu_decoder.py`); Pillow writes no 4:4:0 to try.
_ALONE = 0x11
_SAMPLINGS = frozenset({_ALONE, 0x21, 0x22})
#: Numbers of components that some programs give to red, green and blue, which are not converted then.
_RGB = b"RGB"
#: Where the end of the image is looked for; little may follow it.
_TAIL_BYTES = 64


class _Head(NamedTuple):
    frame: bytes
    adobe: bytes


def is_plain(encoded: Encoded) -> bool:
    """Whether this is a whole baseline or progressive JPEG of 8 bits, in grey or in colours that are stored and sampled
    as usual, without a profile. `encoded`: as `jpeg.reduced` returns it."""
    if encoded.kind != "JPEG" or encoded.profile or _EOI not in encoded.data[-_TAIL_BYTES:]:
        return False
    head = _head(encoded.data)
    return head is not None and head.frame[:1] == b"\x08" and _has_usual_colours(head)


def _head(data: bytes) -> _Head | None:
    """What stands before the first scan; None if something there is unusual."""
    at, frame, adobe = 2, b"", b""
    while data[at : at + 1] == b"\xff" and len(data) > at + 4:
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : end]
        if marker == _SOS:
            return _Head(frame, adobe) if frame else None
        if marker in _OTHER_FRAMES or (marker in _FRAMES and frame):
            return None
        if marker in _FRAMES:
            frame = body
        elif marker == _APP14:
            adobe = body
        at = end
    return None


def _has_usual_colours(head: _Head) -> bool:
    """Grey, or brightness and two colours that have at most as many samples."""
    count = head.frame[5] if len(head.frame) > 5 else 0
    if count not in (1, 3) or len(head.frame) < 6 + 3 * count:
        return False
    components = [head.frame[at : at + 3] for at in range(6, 6 + 3 * count, 3)]
    samplings = [component[1] for component in components]
    if count == 1:
        # Any other means the same, but not every decoder knows that.
        return samplings == [_ALONE]
    is_converted = not head.adobe or head.adobe[11:12] == b"\x01"
    is_rgb = bytes(component[0] for component in components) == _RGB
    return is_converted and not is_rgb and samplings[0] in _SAMPLINGS and samplings[1:] == [_ALONE, _ALONE]

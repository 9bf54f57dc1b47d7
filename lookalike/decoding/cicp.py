"""Colours that a file names by codes (ITU-T H.273), as an ICC profile, so that one module converts all colours.

Of the curves, those of television and unknown ones are taken for sRGB's, as browsers do. HDR is shown as on a display
without it: white of a page (203 cd/m2, ITU-R BT.2408) stays white, and what is brighter is compressed into the upper
half of its range.
"""

import struct
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
#: Chromaticities x and y of red, green, blue and white (H.273, table 2).
_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    **dict.fromkeys((6, 7), ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_SRGB_PRIMARIES, _SRGB_CURVE = 1, 13
#: White of a page, and of the brightest pixel that keeps its differences, in cd/m2.
_PAGE, _BRIGHTEST = 203.0, 1000.0
#: From this share of a display's range on, brightness is compressed.
_KNEE = 0.5
#: Bradford's matrix, and the white of a profile's connection space (ICC.1:2010, annex E and 7.2.16).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
_STEPS = 1024


def profile(primaries: int, curve: int) -> bytes:
    """The ICC profile of colour primaries and transfer characteristics; nothing for sRGB. Unknown codes are sRGB's."""
    primaries = primaries if primaries in _PRIMARIES else _SRGB_PRIMARIES
    curve = curve if curve in _CURVES else _SRGB_CURVE
    return b"" if (primaries, curve) == (_SRGB_PRIMARIES, _SRGB_CURVE) else _built(primaries, curve)


@cache
def _built(primaries: int, curve: int) -> bytes:
    columns = _connected(_PRIMARIES[primaries])
    values = _CURVES[curve](np.linspace(0, 1, _STEPS))
    table = b"curv" + struct.pack(">II", 0, _STEPS) + np.rint(values.clip(0, 1) * 65535).astype(">u2").tobytes()
    tags = {b"wtpt": _xyz(_D50), **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), table)}
    tags |= {name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns.T, strict=True)}
    return _file(tags)


def _connected(chromaticities: tuple[tuple[float, float], ...]) -> Values:
    """The columns of the matrix from linear red, green and blue to the connection space."""
    sides = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in chromaticities]).T
    adapted = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ sides[:, 3])) @ _BRADFORD
    scaled: Values = adapted @ (sides[:, :3] * np.linalg.solve(sides[:, :3], sides[:, 3]))
    return scaled


def _xyz(values: Values) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _file(tags: dict[bytes, bytes]) -> bytes:
    """A profile of a display, version 2 (ICC.1:2001-04, 6)."""
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    placed: dict[bytes, int] = {}
    for name, content in tags.items():
        if content not in placed:
            placed[content] = at + len(body)
            body += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", placed[content], len(content))
    head = bytes(8) + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    rest = head.ljust(68, b"\0") + _xyz(_D50)[8:] + bytes(48) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(rest)) + rest[4:]


def _srgb(values: Values) -> Values:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _pq(values: Values) -> Values:
    """SMPTE ST 2084, from 0 to 10,000 cd/m2."""
    powered = values ** (32 / 2523)
    brightness = (np.maximum(powered - 0.8359375, 0) / (18.8515625 - 18.6875 * powered)) ** (8192 / 1305)
    return _shown(10_000 * brightness)


def _hlg(values: Values) -> Values:
    """ITU-R BT.2100, for a display of 1,000 cd/m2."""
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return _shown(1000 * scene**1.2)


def _shown(brightness: Values) -> Values:
    """From cd/m2 to a display's range: the same up to _KNEE, then a smooth bend that reaches 1 at _BRIGHTEST."""
    relative = brightness / _PAGE
    above = np.maximum(relative - _KNEE, 0) / (1 - _KNEE)
    most = (_BRIGHTEST / _PAGE - _KNEE) / (1 - _KNEE)
    bent = above * (1 + above / most**2) / (1 + above)
    return np.where(relative <= _KNEE, relative, _KNEE + (1 - _KNEE) * bent).clip(0, 1)


#: Transfer characteristics (H.273, table 3) -> from a value to linear light, 0 to 1.
_CURVES: dict[int, Callable[[Values], Values]] = {
    4: lambda values: values**2.2,
    5: lambda values: values**2.8,
    8: lambda values: values,
    13: _srgb,
    16: _pq,
    17: lambda values: values**2.6,
    18: _hlg,
}

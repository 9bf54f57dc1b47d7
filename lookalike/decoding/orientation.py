"""How an image must be turned, from what stands beside its pixels: EXIF decides, else XMP."""

import re
import struct

from lookalike.formats import ORIENTATION

#: Bytes of XMP that are searched. Long lists, such as the ancestors of a document, come behind the plain properties.
MOST_XMP_BYTES = 2**20
#: XMP has the property as an attribute or as an element (XMP specification, part 2, 3.2).
_IN_XMP = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\b")
_ALL = range(1, 9)


def orientation_of(exif: object, xmp: bytes = b"") -> int:
    """The orientation as in EXIF (2.32, 4.6.4.A), 1 to 8; 1 if nothing says another one."""
    return _in_exif(exif) or _in_xmp(xmp) or 1


def checked(value: int) -> int | None:
    """`value`, if it is an orientation."""
    return value if value in _ALL else None


def _in_exif(exif: object) -> int | None:
    """Reads only this tag of the first directory (TIFF 6.0, section 2), so that other broken tags do no harm."""
    if not isinstance(exif, bytes):
        return None
    # Some programs write the prefix twice.
    tiff = exif.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0")
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == ORIENTATION:
                (value,) = struct.unpack_from(order + {1: "B", 4: "I"}.get(kind, "H"), tiff, entry + 8)
                return checked(value)
    except struct.error:
        pass
    return None


def _in_xmp(xmp: bytes) -> int | None:
    found = _IN_XMP.search(xmp, 0, MOST_XMP_BYTES)
    return int(found[1]) if found else None

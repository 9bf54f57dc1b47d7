"""Names the format of a file that is not decoded, for the message of its rejection."""

#: Magic bytes at the start -> what the file is. Sources: the formats' specifications, and IANA's media types.
_IMAGES = {
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "Photoshop",
    b"gimp xcf": "GIMP",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"FOVb": "Sigma raw",
    b"II\xbc": "JPEG XR",
    b"DDS ": "DirectDraw Surface",
    b"\0\0\x01\0": "Windows icon",
    b"<svg": "SVG",
    b"qoif": "QOI",
}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1aE\xdf\xa3": "a Matroska or WebM video",
    b"RIFF": "a video or sound",
    b"ID3": "a sound",
    b"OggS": "a sound",
    b"SQLite format 3": "a database",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"<?xml": "an XML document",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself",
    b"\0\x05\x16\x07": "what macOS keeps beside a file",
}
#: The brand of an ISO 14496-12 file, in its bytes 8 to 12 -> its format; other brands are videos.
_BRANDS = dict.fromkeys((b"avci", b"avcs", b"vvic", b"jpgs", b"j2ki", b"j2is", b"mif3"), "HEIF of another coding")
#: Bytes that a text may have before its first tag.
_BEFORE_TAGS = b"\xef\xbb\xbf \t\r\n"


def description(data: bytes) -> tuple[str, bool]:
    """What a file that is not decoded is, from its first bytes, and whether it is an image; "" if it is unknown."""
    if data[4:8] == b"ftyp":
        brand = _BRANDS.get(data[8:12])
        return (brand, True) if brand else ("a video", False)
    if not data.strip(b"\0"):
        return "a file of zeros", False
    start = data[:64].lstrip(_BEFORE_TAGS).lower()
    for magic, name in (_IMAGES | _OTHERS).items():
        if data.startswith(magic) or (magic.startswith(b"<") and start.startswith(magic)):
            return name, magic in _IMAGES
    return ("a text" if _is_text(data) else ""), False


def _is_text(data: bytes) -> bool:
    # A character may be cut off at the end.
    start = data[:256].decode("utf-8", "ignore")
    return len(start.encode()) > min(len(data), 256) - 4 and all(
        letter.isprintable() or letter.isspace() for letter in start
    )


def why_not(data: bytes, formats: tuple[str, ...]) -> str:
    """Why a file is not decoded, and what to do where that helps; `formats` are those that are decoded."""
    named, is_image = description(data)
    known = ", ".join(formats)
    if is_image:
        return f"{named} is not read; convert it to one of {known}"
    return f"{named}, not an image" if named else f"not one of {known}: begins with {data[:8]!r}"

"""Bytes that are not an image, or claim to be one that is far too large."""

import io
import struct
import zlib

from PIL import Image

#: Side of a complete image over every limit: a decoder that does not check the size first takes 400 MB.
_BOMB_SIDE = 20_000

DOCUMENTS = {
    "drawing.svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    "laughs.svg": b"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><svg>&b;</svg>",
    "paper.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "figure.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch /tmp/gotcha) (w) file\n%%EOF\n",
    "preview.eps": b"\xc5\xd0\xd3\xc6" + bytes(60),
    "page.html": b"<!doctype html><img src='file:///etc/passwd'>",
    "layers.psd": b"8BPS\0\1" + bytes(40),
    "stars.fits": b"SIMPLE  =                    T".ljust(2880),
    "icon.ico": b"\0\0\1\0\1\0\x10\x10" + bytes(40),
    "sequence.heic": b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc" + bytes(40),
    "wavelet.jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
    "grey.pgm": b"P5 2 2 255 abcd",
    "sound.webp": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
    "letter.bmp": b"BM is how this text begins, and it is not an image",
    "archive.zip": b"PK\x03\x04" + bytes(40),
    "program.jpg": b"\x7fELF\x02\x01\x01" + bytes(60),
    "one-byte.png": b"\x89",
    "text.jpg": b"no image at all",
}


def bombs() -> dict[str, bytes]:
    """Small files that claim or contain more pixels than the limit."""
    return {
        "claimed.png": png(50_000, 50_000, (b"IDAT", zlib.compress(bytes(1000)))),
        "real.png": _saved("PNG"),
        "real.gif": _saved("GIF"),
        "real.webp": _canvas(65_534),
        "frame.gif": _frame_beyond_screen(),
        "real.tiff": _saved("TIFF", compression="tiff_adobe_deflate"),
    }


def surplus() -> dict[str, bytes]:
    """Images that hide much compressed data in places that a decoder need not read."""
    pixels = zlib.compress(bytes(10 * 31) + bytes(10**8))
    profile = b"icc\0\0" + zlib.compress(bytes(10**8))
    rows = zlib.compress(bytes(10 * 31))
    return {
        "pixels.png": png(10, 10, (b"IDAT", pixels), (b"IEND", b"")),
        "text.png": png(10, 10, (b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8))), (b"IDAT", rows), (b"IEND", b"")),
        "profile.png": png(10, 10, (b"iCCP", profile), (b"IDAT", rows), (b"IEND", b"")),
        "ring.tiff": _ring(),
    }


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), *chunks):
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", zlib.crc32(name + content))]
    return b"".join(parts)


def _saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    mode, side = ("P", 12_000) if kind == "GIF" else ("1", _BOMB_SIDE)
    Image.new(mode, (side, side)).save(file, kind, **options)
    return file.getvalue()


def _canvas(side: int) -> bytes:
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side.to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _frame_beyond_screen() -> bytes:
    """A GIF with a small screen and a huge first frame."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_000, 65_000, 0)
    return screen + frame + b"\x02\x02\x44\x01\x00;"


def _ring() -> bytes:
    """A TIFF whose directory links to itself as the next one."""
    file = io.BytesIO()
    Image.new("L", (10, 10), 90).save(file, "TIFF")
    data = bytearray(file.getvalue())
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * entries, directory)
    return bytes(data)

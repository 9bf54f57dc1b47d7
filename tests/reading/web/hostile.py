"""Answers that no honest server gives: each breaks one rule of HTTP, or uses it against whoever asks."""

import asyncio
import gzip
import zlib

from testing.services.web import Handler, Request, reset

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
PIECE = b"\xff\xd8\xff" + b"x" * 65_533


def raw(*pieces: bytes, pause_s: float = 0.0) -> Handler:
    """Send these bytes, and close."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return answer


def with_length(length: int, body: bytes) -> Handler:
    """Claim a length, whatever the body has."""
    return raw(_OK + b"Content-Length: %d\r\n\r\n" % length + body)


def without_length(body: bytes) -> Handler:
    return raw(_OK + b"\r\n" + body)


def packed(encoding: str, body: bytes) -> Handler:
    head = _OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return raw(head + body)


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    """A body without length and end."""
    writer.write(_OK + b"\r\n")
    while True:
        writer.write(PIECE)
        await writer.drain()


async def endless_chunks(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + PIECE + b"\r\n")
        await writer.drain()


async def endless_header(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(_OK)
    number = 0
    while True:
        writer.write(b"X-%d: x\r\n" % number)
        await writer.drain()
        number += 1


async def endless_line(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"X-Long: ")
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


async def endless_information(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answers of the kind 1xx, which announce the real one."""
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
    """A few bytes of the body again and again, often enough for every limit between two of them."""
    writer.write(_OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"\xff")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_header(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"X-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def cut_off(request: Request, writer: asyncio.StreamWriter) -> None:
    """Half of the body, then RST."""
    writer.write(_OK + b"Content-Length: 100000\r\n\r\n" + PIECE[:50_000])
    await writer.drain()
    reset(writer)


def gzip_bomb(size: int) -> bytes:
    """Zeros behind the first bytes of a JPEG."""
    packing = zlib.compressobj(9, wbits=31)
    pieces = [packing.compress(b"\xff\xd8\xff"), *(packing.compress(bytes(2**20)) for _ in range(size // 2**20))]
    return b"".join([*pieces, packing.flush()])


def gzip_twice(data: bytes) -> bytes:
    return gzip.compress(gzip.compress(data))


async def endless_gzip_of_nothing(request: Request, writer: asyncio.StreamWriter) -> None:
    """Empty stored blocks (RFC 1951, 3.2.4): bytes without end that unpack to none."""
    writer.write(_OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10])
    while True:
        writer.write(b"\x00\x00\x00\xff\xff" * 13_000)
        await writer.drain()

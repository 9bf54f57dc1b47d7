"""Bodies of requests, raw or multipart, counted while they are read, so that no client can fill the memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lookalike_api.admission import Room, Share

#: The name of the parts that are read.
PART = b"image"
MULTIPART = b"multipart/form-data"
#: A phone on a bad connection sends a photo in this; one that sends nothing would otherwise hold its place forever.
TIMEOUT_S = 30.0
#: Parts of any name; more is no form of a person.
MOST_PARTS = 100
#: Bytes that are read and dropped of a body that is too large: a client still sending does not read our answer.
DRAINED_BYTES = 2**27
DRAIN_TIMEOUT_S = 5.0


class Uploads:
    """Bodies of at most `max_bytes` each, all together in `room_bytes`."""

    def __init__(self, max_bytes: int, room_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._room = Room(max(room_bytes, max_bytes))

    @asynccontextmanager
    async def image(self, request: Request) -> AsyncIterator[bytes]:
        """The one image of a request: its body, or the part `image` of a form."""
        if _is_form(request):
            async with self.images(request, most=1) as images:
                yield images[0]
        else:
            with self._room.share() as share:
                pieces: list[bytes] = []
                await self._read(request, share, pieces.append)
                body = b"".join(pieces)
                pieces.clear()
                yield body

    @asynccontextmanager
    async def images(self, request: Request, most: int) -> AsyncIterator[list[bytes]]:
        """The parts `image` of a form, at least one and at most so many."""
        if not _is_form(request):
            raise HTTPException(415, "Send the images as multipart/form-data, each as a part named image.")
        with self._room.share() as share:
            form = _Form(request.headers["content-type"].encode("latin-1"), most)
            await self._read(request, share, form.feed)
            yield form.finish()

    async def _read(self, request: Request, share: Share, take: Callable[[bytes], None]) -> None:
        """Hand over the body as it comes. Raises 413, 408 or Busy."""
        if _declared(request) > self.max_bytes:
            await self._refuse(request)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async for piece in request.stream():
                    if share.units + len(piece) > self.max_bytes:
                        await self._refuse(request)
                    share.grow(len(piece))
                    take(piece)
        except TimeoutError as error:
            raise HTTPException(408, f"The body did not arrive within {TIMEOUT_S:.0f} seconds.") from error
        except ClientDisconnect as error:
            raise HTTPException(400, "The connection ended before the body did.") from error

    async def _refuse(self, request: Request) -> None:
        await _drain(request)
        raise HTTPException(413, f"A body may have at most {self.max_bytes:,} bytes.")


class _Form:
    """The parts `image` of a multipart body, by RFC 7578; the others are passed over."""

    def __init__(self, content_type: bytes, most: int) -> None:
        self._most = most
        self._parts: list[bytearray] = []
        self._seen = 0
        self._is_whole = self._is_ours = False
        self._header = self._value = b""
        self._disposition = b""
        callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._on_field,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._decide,
            "on_part_data": self._on_data,
            "on_end": self._end,
        }
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise HTTPException(400, "The form's boundary is missing in Content-Type.")
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise _malformed(error) from error

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed(error) from error

    def finish(self) -> list[bytes]:
        if not self._is_whole:
            raise HTTPException(400, "The form ends before its last boundary.")
        if not self._parts:
            raise HTTPException(400, "The form has no part named image.")
        return list(self._emptied())

    def _emptied(self) -> Iterator[bytes]:
        """Each part copied and freed in turn, so that they are not held twice."""
        for position, part in enumerate(self._parts):
            self._parts[position] = bytearray()
            yield bytes(part)

    def _begin(self) -> None:
        self._seen += 1
        self._disposition = self._header = self._value = b""
        self._is_ours = False
        if self._seen > MOST_PARTS:
            raise HTTPException(400, f"The form has more than {MOST_PARTS} parts.")

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _decide(self) -> None:
        self._is_ours = parse_options_header(self._disposition)[1].get(b"name") == PART
        if self._is_ours:
            self._parts.append(bytearray())
            if len(self._parts) > self._most:
                plural = "s" if self._most > 1 else ""
                raise HTTPException(400, f"Send at most {self._most} part{plural} named image.")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_ours:
            self._parts[-1] += data[start:end]

    def _end(self) -> None:
        self._is_whole = True


def _malformed(error: FormParserError) -> HTTPException:
    return HTTPException(400, f"The form cannot be read: {error}")


def _is_form(request: Request) -> bool:
    return parse_options_header(request.headers.get("content-type"))[0] == MULTIPART


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


async def _drain(request: Request) -> None:
    left = DRAINED_BYTES
    try:
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    break
    except (TimeoutError, ClientDisconnect, RuntimeError):
        # RuntimeError: the piece that was too much was the last one.
        return

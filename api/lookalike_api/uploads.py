"""Reads request bodies, raw or multipart, within limits on their size, memory and time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lookalike_api.admission import Capacity, Reservation
from lookalike_api.forms import ImageForm

MULTIPART, JSON = b"multipart/form-data", b"application/json"
#: Enough for a photo over a bad mobile connection; a client that sends nothing must not hold its memory forever.
TIMEOUT_S = 30.0
#: Bytes of a body that is too large which are read and dropped: a client does not read our answer before it has sent.
DRAINED_BYTES = 2**27
DRAIN_TIMEOUT_S = 5.0


class Body(NamedTuple):
    """What a request to search has sent: images, and a query in JSON."""

    images: list[bytes]
    query: bytes | None = None


class Uploads:
    """Bodies of at most `max_bytes` each, and `total_bytes` together. Both methods raise HTTPException (408, 413, 415,
    400 for a bad form) and Busy."""

    def __init__(self, max_bytes: int, total_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._memory = Capacity(max(total_bytes, max_bytes))

    @asynccontextmanager
    async def body(self, request: Request, max_images: int) -> AsyncIterator[Body]:
        """The body of a request: one image, a query, or a form with a query and at most `max_images`."""
        kind = _kind(request)
        with self._memory.reserve() as memory:
            if kind == MULTIPART:
                yield await self._form(request, memory, max_images)
                return
            pieces: list[bytes] = []
            await self._read(request, memory, pieces.append)
            body = b"".join(pieces)
            pieces.clear()
            yield Body([], body) if kind == JSON else Body([body])

    @asynccontextmanager
    async def images(self, request: Request, max_images: int) -> AsyncIterator[list[bytes]]:
        """The parts `image` of a form: at least one, at most `max_images`. Raises HTTPException 415 if the body is not
        a form."""
        if _kind(request) != MULTIPART:
            raise HTTPException(415, "Send the images as multipart/form-data, each as a part named image.")
        with self._memory.reserve() as memory:
            images, _ = await self._form(request, memory, max_images)
            if not images:
                raise HTTPException(400, "The form has no part named image.")
            yield images

    async def _form(self, request: Request, memory: Reservation, max_images: int) -> Body:
        form = ImageForm(request.headers["content-type"].encode("latin-1"), max_images)
        await self._read(request, memory, form.feed)
        return Body(*form.finish())

    async def _read(self, request: Request, memory: Reservation, take: Callable[[bytes], None]) -> None:
        """Pass the body to `take`, piece by piece as it arrives."""
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            # It would have no bound before it is unpacked.
            await _drain(request)
            raise HTTPException(415, "The body is compressed: send it as it is.", {"Accept-Encoding": "identity"})
        if _content_length(request) > self.max_bytes:
            await self._refuse(request)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async for piece in request.stream():
                    if memory.units + len(piece) > self.max_bytes:
                        await self._refuse(request)
                    memory.grow(len(piece))
                    take(piece)
        except TimeoutError as error:
            raise HTTPException(408, f"The body did not arrive within {TIMEOUT_S:.0f} seconds.") from error
        except ClientDisconnect as error:
            raise HTTPException(400, "The connection was closed before the whole body arrived.") from error

    async def _refuse(self, request: Request) -> None:
        await _drain(request)
        raise HTTPException(413, f"A body may have at most {self.max_bytes:,} bytes.")


def is_json(request: Request) -> bool:
    """Whether the body is a query in JSON."""
    return _kind(request) == JSON


def _kind(request: Request) -> bytes:
    return parse_options_header(request.headers.get("content-type"))[0]


def _content_length(request: Request) -> int:
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
        # RuntimeError: the stream has already ended.
        return

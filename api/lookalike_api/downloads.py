"""Sends stored images, which may be large, within a bound of memory, also to clients that take them slowly."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lookalike_api.admission import Capacity, Reservation

#: Of an image, at once to the transport, which copies what it is given.
PIECE_BYTES = 2**18


class SentImage(Response):
    """A response that holds memory of `capacity` until all of it is sent, or its client is gone. Raises Busy."""

    def __init__(self, data: bytes, media_type: str, headers: dict[str, str], capacity: Capacity) -> None:
        super().__init__(data, media_type=media_type, headers=headers)
        self._memory = Reservation(capacity)
        self._memory.grow(len(data))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            content = memoryview(self.body)
            for begin in range(0, len(content), PIECE_BYTES):
                piece = bytes(content[begin : begin + PIECE_BYTES])
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._memory.grow(-self._memory.units)

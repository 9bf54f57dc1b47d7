"""A store of keys that a formula gives, and of one object that all of them have: for millions of keys, and odd ones.

It answers the three requests of S3 that lookalike sends, as https://docs.aws.amazon.com/AmazonS3/latest/API describes
them. It checks no signature. As a program it listens until it is killed, and prints its port first.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from typing import Self
from urllib.parse import quote_plus, unquote
from xml.sax.saxutils import escape

from aiohttp import web

from testing.services.loopback import LoopbackServer

PAGE_KEYS = 1000


class KeyServer(LoopbackServer):
    """Answers for `count` keys: the first is `key_at(0)`, and they must be sorted by their bytes."""

    def __init__(self, count: int, key_at: Callable[[int], str], content: bytes) -> None:
        super().__init__()
        self._count = count
        self._key_at = key_at
        self._content = content

    @classmethod
    def of(cls, keys: Sequence[str], content: bytes = b"x") -> Self:
        ordered = sorted(keys, key=str.encode)
        return cls(len(ordered), ordered.__getitem__, content)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        key = unquote(request.raw_path.partition("?")[0]).partition("/")[2].partition("/")[2]
        if not key:
            return self._page(request.query.get("prefix", ""), request.query.get("continuation-token", ""))
        if self._position(key) is None:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        return web.Response(body=self._content, headers={"ETag": '"1"', "Content-Type": "image/jpeg"})

    def _page(self, prefix: str, token: str) -> web.Response:
        first = int(token) if token else self._first(prefix)
        keys = [self._key_at(number) for number in range(first, min(first + PAGE_KEYS, self._count))]
        fitting = [key for key in keys if key.startswith(prefix)]
        has_more = len(fitting) == len(keys) == PAGE_KEYS and first + PAGE_KEYS < self._count
        size = len(self._content)
        items = "".join(
            f"<Contents><Key>{escape(quote_plus(key, safe='/'))}</Key><LastModified>2026-01-01T00:00:00.000Z"
            f"</LastModified><ETag>&quot;1&quot;</ETag><Size>{size}</Size></Contents>"
            for key in fitting
        )
        more = f"<NextContinuationToken>{first + PAGE_KEYS}</NextContinuationToken>" if has_more else ""
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(has_more).lower()}</IsTruncated>{more}{items}"
            "</ListBucketResult>"
        )
        return web.Response(text=text, content_type="application/xml")

    def _first(self, prefix: str) -> int:
        """The number of the first key that is not before `prefix`, by bisection."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._key_at(middle).encode() < prefix.encode():
                low = middle + 1
            else:
                high = middle
        return low

    def _position(self, key: str) -> int | None:
        number = self._first(key)
        return number if number < self._count and self._key_at(number) == key else None


def numbered(number: int) -> str:
    """The keys of the benchmark: a thousand in each folder."""
    return f"images/{number // 1000:06d}/{number:09d}.jpg"


async def _serve(server: KeyServer) -> None:
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--image", required=True)
    given = parser.parse_args()
    with open(given.image, "rb") as file:
        content = file.read()
    asyncio.run(_serve(KeyServer(given.count, numbered, content)))


if __name__ == "__main__":
    main()

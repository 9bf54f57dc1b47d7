"""The place of objects: it reads one, or says in what state it is."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from lookalike.errors import ImageRejected
from lookalike.reading.contract import MAX_AROUND, Fetched, State
from lookalike.reading.stores.buckets import Buckets
from lookalike.reading.stores.client import Client
from lookalike.reading.stores.location import Location, location_of
from lookalike.reading.stores.problems import Kind, StoreProblem, about_image
from lookalike.reading.stores.retrying import tried
from lookalike.records import Reason, Span
from lookalike.roots import Roots

Answer = TypeVar("Answer")


class StorePlace:
    """Every object of every store, with the credentials that this process finds. See `Place`.

    Throttling, 5xx and broken connections are tried again for about a second. An object that still fails is
    HostUnavailable if its bucket answers, so that nothing waits for it for ever, and else SourceUnavailable.
    """

    def __init__(self, max_bytes: int, roots: Roots | None = None) -> None:
        """`roots`: where objects may lie; None for anywhere."""
        self._max_bytes = max_bytes
        self._roots = roots
        self._clients: dict[str, Client] = {}
        self._buckets = Buckets()

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        most = self._max_bytes if span is None else self._max_bytes + MAX_AROUND
        if span is not None and span.length > most:
            raise ImageRejected(Reason.TOO_LARGE, f"{span.length} bytes; at most {self._max_bytes} are read")
        at = self._object(uri)
        return await self._answer(at, lambda client: client.get(at, span, most))

    async def fetch_unless(self, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        if span is not None:
            return None if (await self.look(uri)).etag == etag else await self.fetch(uri, span)
        at = self._object(uri)

        async def ask(client: Client) -> Fetched | None:
            try:
                return await client.get(at, None, self._max_bytes, unless=etag)
            except StoreProblem as problem:
                if problem.kind is Kind.NOT_MODIFIED:
                    return None
                raise

        return await self._answer(at, ask)

    async def look(self, uri: str) -> State:
        at = self._object(uri)
        return await self._answer(at, lambda client: client.head(at))

    async def close(self) -> None:
        self._buckets.close()
        for client in self._clients.values():
            await client.close()

    def client(self, scheme: str) -> Client:
        """The client of a kind of store."""
        if scheme not in self._clients:
            self._clients[scheme] = _made(scheme)
        return self._clients[scheme]

    def _object(self, uri: str) -> Location:
        try:
            at = location_of(uri)
        except ValueError as error:
            raise ImageRejected(Reason.BAD_URI, str(error)) from error
        if not at.key:
            raise ImageRejected(Reason.BAD_URI, "the address names a bucket, and no object in it")
        if self._roots is not None:
            self._roots.grant(at.uri)
        return at

    async def _answer(self, at: Location, ask: Callable[[Client], Awaitable[Answer]]) -> Answer:
        client = self.client(at.scheme)
        try:
            return await tried(lambda: ask(client))
        except StoreProblem as problem:
            others_answer = problem.kind.passes and await self._buckets.answers(client, at)
            raise about_image(problem, at, others_answer=others_answer) from problem


def _made(scheme: str) -> Client:
    """Imports of a store what it needs."""
    if scheme == "s3":
        from lookalike.reading.stores.s3 import S3Client

        return S3Client()
    from lookalike.reading.stores.cloud import CloudClient

    return CloudClient()

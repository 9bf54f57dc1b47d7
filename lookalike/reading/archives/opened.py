"""One archive whose members are looked up by name, as a worker or the query service keeps it for a while."""

import asyncio
import math
import time
from dataclasses import dataclass, field

from lookalike.errors import ImageRejected
from lookalike.reading.archives import tar, zip
from lookalike.reading.archives.compressed import Unpacked, Unpacking
from lookalike.reading.archives.contents import content, etag_of, of_archive
from lookalike.reading.archives.directory import Directory
from lookalike.reading.archives.kinds import START_BYTES, Kind, kind_of
from lookalike.reading.archives.member import LOCAL_BLOCK, Listing, Member
from lookalike.reading.archives.scratch import Scratch
from lookalike.reading.archives.steps import awaited, listed_ahead
from lookalike.reading.contract import Fetched, NoParts, Place, State
from lookalike.records import Reason, Span
from lookalike.uris import is_remote

#: Bytes of one read while a remote archive is listed: few requests.
REMOTE_BLOCK = 4 * 2**20
#: Members that are added to a directory at once.
_BATCH = 1000
#: How long the directory of an archive without an etag is taken for true.
UNTAGGED_S = 5.0
#: A remote archive that is held in a temporary file is looked at so often, and not once for each of its members.
LOOKED_S = 1.0


@dataclass
class _Content:
    """What is known of one version of an archive. `fault` is where its listing broke off."""

    state: State
    kind: Kind
    opened_at_s: float = field(default_factory=time.monotonic)
    directory: Directory | None = None
    fault: ImageRejected | None = None
    unpacked: Unpacked | None = None
    #: The archive itself, if its host gives no parts of it.
    copy: Scratch | None = None
    looked_at_s: float = field(default_factory=time.monotonic)

    def is_of(self, state: State) -> bool:
        is_fresh = state.etag != "" or time.monotonic() - self.opened_at_s < UNTAGGED_S
        return state == self.state and is_fresh

    def close(self) -> None:
        for part in (self.directory, self.unpacked, self.copy):
            if part is not None:
                part.close()


class OpenedArchive:
    """Looks members up in a directory of the archive, which is made once for each of its versions."""

    def __init__(self, uri: str, places: Place, max_bytes: int) -> None:
        self._uri = uri
        self._places = places
        self._max_bytes = max_bytes
        self._content: _Content | None = None
        #: Held while the archive is looked at; whoever closes it waits for it.
        self.lock = asyncio.Lock()

    @property
    def is_compressed(self) -> bool:
        return self._content is not None and self._content.kind.is_compressed

    @property
    def is_copied(self) -> bool:
        """Whether a temporary file holds the archive, because its host gives no parts of it."""
        return self._content is not None and self._content.copy is not None

    @property
    def is_held(self) -> bool:
        """Whether a temporary file holds the archive or its content."""
        return self.is_copied or (self._content is not None and self._content.unpacked is not None)

    async def fetch(self, name: str, span: Span | None) -> Fetched:
        """The content of a member; `span` is where it is in a compressed archive, unpacked, if that is known."""
        async with self.lock:
            opened = await self._current()
            if span is not None and opened.kind.is_compressed:
                try:
                    return await self._read(opened, name, span)
                except ImageRejected as rejected:
                    if rejected.reason is not Reason.CHANGED:
                        raise
            span, _ = await self._found(opened, name)
            try:
                return await self._read(opened, name, span)
            except ImageRejected as rejected:
                if rejected.reason is not Reason.CHANGED or (await self._look()).etag != opened.state.etag:
                    raise
                raise ImageRejected(Reason.CORRUPT, "the archive names a place for it where it is not") from rejected

    async def look(self, name: str) -> State:
        """The state of a member."""
        async with self.lock:
            opened = await self._current()
            span, size_bytes = await self._found(opened, name)
            return State(etag_of(opened.state.etag, span), size_bytes)

    def close(self) -> None:
        if self._content is not None:
            self._content.close()
            self._content = None

    async def _look(self) -> State:
        try:
            return await self._places.look(self._uri)
        except ImageRejected as rejected:
            raise of_archive(rejected) from rejected

    async def _current(self) -> _Content:
        if self._content is not None and self._is_just_looked_at(self._content):
            return self._content
        state = await self._look()
        if self._content is None or not self._content.is_of(state):
            self.close()
            try:
                start = await self._places.fetch(self._uri, Span(0, START_BYTES))
                self._content = _Content(state, kind_of(start.data, self._uri))
            except ImageRejected as rejected:
                raise of_archive(rejected) from rejected
        self._content.looked_at_s = time.monotonic()
        return self._content

    def _is_just_looked_at(self, content: _Content) -> bool:
        return is_remote(self._uri) and self.is_held and time.monotonic() - content.looked_at_s < LOOKED_S

    async def _found(self, opened: _Content, name: str) -> tuple[Span, int]:
        if opened.directory is None:
            opened.directory = await self._listed(opened)
        found = opened.directory.find(name)
        if found is None and opened.fault is not None:
            raise of_archive(opened.fault)
        if found is None:
            raise ImageRejected(Reason.NOT_FOUND, "the archive has no such member")
        return found

    async def _listed(self, opened: _Content) -> Directory:
        directory = Directory()
        batch: list[Member] = []
        try:
            async for member in listed_ahead(self._listing(opened), lambda span: self._bytes(opened, span)):
                batch.append(member)
                if len(batch) >= _BATCH:
                    directory.add(batch)
                    batch.clear()
        except ImageRejected as rejected:
            if rejected.reason is Reason.CHANGED:
                raise
            opened.fault = rejected
        directory.add(batch)
        return directory

    def _listing(self, opened: _Content) -> Listing:
        # A place gives as many bytes at once as an image may have.
        size, block = opened.state.size_bytes, LOCAL_BLOCK
        if is_remote(self._uri):
            block = min(REMOTE_BLOCK, self._max_bytes)
        if opened.kind.is_compressed:
            return tar.members(math.inf, LOCAL_BLOCK)
        if size is None:
            raise ImageRejected(Reason.UNREADABLE, "its host does not say how long the archive is")
        return tar.members(size, block) if opened.kind is Kind.TAR else zip.members(size, block)

    async def _read(self, opened: _Content, name: str, span: Span) -> Fetched:
        data = await awaited(content(name, span, self._max_bytes), lambda part: self._bytes(opened, part))
        return Fetched(data, etag_of(opened.state.etag, span))

    async def _bytes(self, opened: _Content, span: Span) -> bytes:
        try:
            if opened.kind.is_compressed:
                return await asyncio.to_thread(self._unpacked(opened).read, span)
            return await self._packed(opened, span)
        except ImageRejected as rejected:
            raise of_archive(rejected) from rejected

    async def _packed(self, opened: _Content, span: Span) -> bytes:
        if opened.copy is None:
            try:
                return (await self._fetched(opened, span)).data
            except NoParts:
                opened.copy = await self._copied(opened)
        return opened.copy.read(span)

    async def _fetched(self, opened: _Content, span: Span | None) -> Fetched:
        fetched = await self._places.fetch(self._uri, span)
        if fetched.etag and opened.state.etag and fetched.etag != opened.state.etag:
            raise ImageRejected(Reason.CHANGED, "the archive changed while it was read")
        return fetched

    async def _copied(self, opened: _Content) -> Scratch:
        """The archive, at most as many bytes as an image may have."""
        if (opened.state.size_bytes or 0) > self._max_bytes:
            what = f"its host gives no parts of it (Range), and more than {self._max_bytes} bytes are not read at once"
            raise ImageRejected(Reason.TOO_LARGE, f"{what}; download it")
        fetched = await self._fetched(opened, None)
        copy = Scratch()
        await asyncio.to_thread(copy.write, fetched.data)
        return copy

    def _unpacked(self, opened: _Content) -> Unpacked:
        if opened.unpacked is None:
            loop = asyncio.get_running_loop()
            if opened.state.size_bytes is None:
                raise ImageRejected(Reason.UNREADABLE, "its host does not say how long the archive is")

            def read(span: Span) -> bytes:
                # In the thread that unpacks; the loop is free meanwhile.
                return asyncio.run_coroutine_threadsafe(self._packed(opened, span), loop).result()

            opened.unpacked = Unpacked(Unpacking(opened.kind, opened.state.size_bytes, read))
        return opened.unpacked

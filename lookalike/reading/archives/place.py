"""Members of archives as one kind of place: read by range where the archive lies, in a file, a store or a web host."""

from collections import OrderedDict

from lookalike.errors import ImageRejected
from lookalike.reading.archives.contents import content, etag_of, of_archive
from lookalike.reading.archives.kinds import is_compressed_name
from lookalike.reading.archives.opened import OpenedArchive
from lookalike.reading.archives.steps import awaited
from lookalike.reading.contract import Fetched, LooksFirst, NoParts, Place, State
from lookalike.records import Reason, Span
from lookalike.uris import Member, member_of

#: Archives whose directories this process keeps, and of these, those that it holds in temporary files: unpacked, or as
#: they are if their hosts give no parts.
MOST_OPEN = 16
MOST_HELD = 2


class ArchivePlace(LooksFirst):
    """Members of archives that `places` reads, each of at most `max_bytes`.

    A reference that was listed says where its member lies, and one read gets it, headers included. If they name another
    member, the archive has changed: the member is looked up anew, as one of a reference without a span is.
    """

    def __init__(self, places: Place, max_bytes: int) -> None:
        self._places = places
        self._max_bytes = max_bytes
        self._open: OrderedDict[str, OpenedArchive] = OrderedDict()

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        archive, name = _parts(uri)
        if span is not None and not self._is_held(archive):
            try:
                return await self._at(archive, name, span)
            except NoParts:
                pass
            except ImageRejected as rejected:
                if rejected.reason is not Reason.CHANGED:
                    raise
        return await self._opened(archive).fetch(name, span)

    async def look(self, uri: str) -> State:
        archive, name = _parts(uri)
        return await self._opened(archive).look(name)

    async def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    async def _at(self, archive: str, name: str, span: Span) -> Fetched:
        etags: set[str] = set()

        async def read(part: Span) -> bytes:
            try:
                fetched = await self._places.fetch(archive, part)
            except NoParts:
                raise
            except ImageRejected as rejected:
                raise of_archive(rejected) from rejected
            etags.add(fetched.etag)
            return fetched.data

        data = await awaited(content(name, span, self._max_bytes), read)
        # A file that was just written has no etag for a while.
        if len(etags - {""}) > 1:
            raise ImageRejected(Reason.CHANGED, "the archive changed while it was read")
        return Fetched(data, etag_of(max(etags), span))

    def _is_held(self, archive: str) -> bool:
        """Whether members are not read by range where the archive lies."""
        known = self._open.get(archive)
        return known.is_compressed or known.is_copied if known else is_compressed_name(archive)

    def _opened(self, archive: str) -> OpenedArchive:
        if archive not in self._open:
            self._open[archive] = OpenedArchive(archive, self._places, self._max_bytes)
        self._open.move_to_end(archive)
        self._close_oldest()
        return self._open[archive]

    def _close_oldest(self) -> None:
        """Close archives that were not asked for lately; one that somebody reads now is left for the next time."""
        held = [uri for uri, opened in self._open.items() if opened.is_held]
        surplus = [*list(self._open)[:-MOST_OPEN], *held[:-MOST_HELD]]
        for uri in dict.fromkeys(surplus):
            if not self._open[uri].lock.locked() and uri != next(reversed(self._open)):
                self._open.pop(uri).close()


def _parts(uri: str) -> Member:
    member = member_of(uri)
    if member is None:
        raise ImageRejected(Reason.BAD_URI, "it names no member of an archive")
    return member

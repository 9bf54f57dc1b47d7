"""Which kind of place reads which uri. A kind is imported and made when the first of its uris is read."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from lookalike.errors import ImageRejected
from lookalike.reading.contract import Fetched, Place, State
from lookalike.reading.local import LocalPlace
from lookalike.records import Reason, Span
from lookalike.storage import Storage
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, member_of, scheme_of

if TYPE_CHECKING:
    from lookalike.settings import Settings

LOCAL, WEB, STORE, ARCHIVE = "local", "web", "store", "archive"


def kind_of(uri: str) -> str:
    """The kind of place of a uri, by its text alone; a scheme that is none of ours is the kind."""
    if "#" in uri and member_of(uri):
        return ARCHIVE
    scheme = scheme_of(uri)
    if scheme in ("", "file"):
        return LOCAL
    return STORE if scheme in STORE_SCHEMES else WEB if scheme in WEB_SCHEMES else scheme


class Places:
    """Reads any uri by the place of its kind: itself a place, which an archive uses to read its own bytes."""

    def __init__(self, settings: "Settings", storage: Storage) -> None:
        self._settings = settings
        self._made: dict[str, Place] = {LOCAL: LocalPlace(storage)}

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        return await self._of(uri).fetch(uri, span)

    async def fetch_unless(self, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        return await self._of(uri).fetch_unless(uri, etag, span)

    async def look(self, uri: str) -> State:
        return await self._of(uri).look(uri)

    async def close(self) -> None:
        for place in self._made.values():
            await place.close()

    def _of(self, uri: str) -> Place:
        kind = kind_of(uri)
        if kind not in self._made:
            self._made[kind] = self._make(kind, uri)
        return self._made[kind]

    def _make(self, kind: str, uri: str) -> Place:
        if kind not in MAKERS:
            # The rest of the uri may contain credentials and must not be in the message.
            what = f"{scheme_of(uri)}://" if scheme_of(uri) else "a member of an archive"
            raise ImageRejected(Reason.UNSUPPORTED, f"{what} is not supported")
        return MAKERS[kind](self._settings, self)


def _store(settings: "Settings", places: Places) -> Place:
    from lookalike.reading.stores.place import StorePlace
    from lookalike.roots import Roots

    return StorePlace(settings.max_image_bytes, Roots.parse(settings.roots))


def _web(settings: "Settings", places: Places) -> Place:
    from lookalike.reading.web import WebOptions, WebPlace
    from lookalike.roots import Roots

    options = WebOptions(
        roots=Roots.parse(settings.roots),
        max_bytes=settings.max_image_bytes,
        respects_robots=settings.respect_robots,
        ca_certs=str(settings.ca_certs) if settings.ca_certs else None,
    )
    return WebPlace(replace(options, user_agent=settings.user_agent) if settings.user_agent else options)


def _archives(settings: "Settings", places: Places) -> Place:
    from lookalike.reading.archives.place import ArchivePlace

    return ArchivePlace(places, settings.max_image_bytes)


#: Makes the place of a kind from the settings; the second argument reads the uris of all kinds. Each imports its module
#: itself, because light commands load none of them.
MAKERS: dict[str, Callable[["Settings", Places], Place]] = {STORE: _store, WEB: _web, ARCHIVE: _archives}

"""Objects of stores and web hosts as files to read from: tables, lists, archives, which may be larger than memory."""

import io
import tempfile
from typing import TYPE_CHECKING

from lookalike.errors import DiskFull, ImageRejected
from lookalike.reading.contract import Place, State
from lookalike.reading.copied import CopiedFile
from lookalike.reading.patient import PatientSource
from lookalike.reading.places import STORE, WEB, kind_of
from lookalike.reading.remote_file import RemoteFile
from lookalike.records import Reason
from lookalike.uris import scheme_of

if TYPE_CHECKING:
    from lookalike.reading.web import WebPlace

#: One request.
BLOCK_BYTES = 2 * 2**20
#: What lies on a host that gives no parts is copied to the disk, at most so much: by whoever reads it once.
MOST_COPIED = 4 * 2**30
#: The same, by whoever finds what each worker copies again.
MOST_AT_ONCE = 64 * 2**20


def open_remote(
    uri: str, block_bytes: int | None = None, most_copied: int | None = None, *, unpacks: bool = True
) -> io.BufferedReader:
    """An object, or what lies at a web address, as a file: from its start or from anywhere, in bounded memory.

    It is read in parts, with the next one on its way. What lies on a web host that gives no parts, or says no length,
    is copied to a temporary file first, at most `most_copied` bytes: then `raw` is a CopiedFile. With
    `unpacks`, one that the host packs for the way is unpacked.

    Close it. Raises ImageRejected, with the reason, if it cannot be read; while it is read also if it changes
    (`changed`), and SourceUnavailable if its place is away for long. Raises DiskFull.
    """
    block_bytes = block_bytes or BLOCK_BYTES
    raw: RemoteFile | CopiedFile
    if kind_of(uri) == WEB:
        raw = _on_web(uri, block_bytes, most_copied or MOST_COPIED, unpacks=unpacks)
    else:
        source = PatientSource(_store(uri, block_bytes), uri)
        raw = RemoteFile(source, source.looked(lambda place: place.look(uri)), block_bytes)
    return io.BufferedReader(raw, min(block_bytes, 2**16))


def _store(uri: str, block_bytes: int) -> Place:
    if kind_of(uri) != STORE:
        raise ImageRejected(Reason.UNSUPPORTED, f"{scheme_of(uri)}:// cannot be read as a file")
    from lookalike.reading.stores.place import StorePlace

    return StorePlace(block_bytes)


def _on_web(uri: str, block_bytes: int, most_copied: int, *, unpacks: bool) -> RemoteFile | CopiedFile:
    """The user has named the uri, so roots and robots.txt, which are for what workers find, do not matter here. Where
    it redirects to, does."""
    from lookalike.reading.web import WebOptions, WebPlace
    from lookalike.roots import PUBLIC, Roots, named_prefixes

    roots = Roots.parse((*PUBLIC, *named_prefixes([uri])))
    place = WebPlace(WebOptions(roots, block_bytes, respects_robots=False))
    source = PatientSource(place, uri)
    state = source.looked(lambda _: place.look_at_parts(uri))
    if state is not None:
        return RemoteFile(source, state, block_bytes)
    try:
        return _copied(place, source, most_copied, unpacks=unpacks)
    finally:
        source.close()


def _copied(place: "WebPlace", source: PatientSource, most: int, *, unpacks: bool) -> CopiedFile:
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115

    async def copied() -> State:
        file.seek(0)
        file.truncate()
        return await place.copy(source.uri, file.write, most, unpacks=unpacks)

    try:
        state = source.patiently(copied)
        file.flush()
    except OSError as error:
        file.close()
        raise DiskFull(
            f"Cannot copy {source.uri} to a temporary file: {error.strerror}.",
            "Free some space, or set TMPDIR to a larger disk.",
        ) from error
    except BaseException:
        file.close()
        raise
    return CopiedFile(file, state.etag)

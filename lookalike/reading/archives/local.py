"""Members of archives on a local disk, read in the calling thread as files are: no event loop is needed for them."""

from lookalike.errors import ImageRejected
from lookalike.reading import local
from lookalike.reading.archives.contents import content, etag_of, of_archive
from lookalike.reading.archives.kinds import is_compressed_name
from lookalike.reading.archives.steps import finished
from lookalike.reading.contract import Fetched
from lookalike.records import ImageRef, Reason, Span
from lookalike.storage import Storage
from lookalike.uris import Member, is_remote, member_of


def is_local_member(ref: ImageRef) -> bool:
    """Whether a reference says where its member lies in an archive on this disk."""
    return ref.span is not None and not is_remote(ref.uri) and not is_compressed_name(_archive(ref).archive)


def member_etag(storage: Storage, ref: ImageRef) -> str:
    """The etag that the member has if the archive is as it was when it was listed."""
    assert ref.span is not None
    return etag_of(local.state(storage, _archive(ref).archive).etag, ref.span)


def fetched_member(storage: Storage, ref: ImageRef) -> Fetched | None:
    """The content of the member; None if the archive has changed, so that it has to be looked up. Raises as
    `Storage.read` does, and ImageRejected for what is wrong with the member."""
    archive, name = _archive(ref)
    assert ref.span is not None
    etags: set[str] = set()

    def read(span: Span) -> bytes:
        try:
            fetched = local.fetched(storage, archive, span)
        except ImageRejected as rejected:
            raise of_archive(rejected) from rejected
        etags.add(fetched.etag)
        return fetched.data

    try:
        data = finished(content(name, ref.span, storage.max_bytes), read)
    except ImageRejected as rejected:
        if rejected.reason is Reason.CHANGED:
            return None
        raise
    # A file that was just written has no etag for a while; more than one means that it was written meanwhile.
    return Fetched(data, etag_of(max(etags), ref.span)) if len(etags - {""}) < 2 else None


def _archive(ref: ImageRef) -> Member:
    member = member_of(ref.uri)
    return member if member is not None else Member(ref.uri, "")

"""The one uri of a local file, and its path."""

import os
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from lookalike.errors import ImageRejected
from lookalike.records import Reason
from lookalike.unicode import is_unicode
from lookalike.uris import member_of, member_uri, reads_as_part

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def local_uri(path: str | os.PathLike[str]) -> str:
    """The uri of a file: its absolute path, or `file://` and percent-encoded bytes if that is not valid UTF-8, or reads
    as a member of an archive (`a.tar#1.jpg`) or as a row of a table."""
    absolute = os.path.abspath(path)
    if absolute.startswith("//"):
        # Linux takes two slashes at the start for one, and an image has one uri.
        absolute = absolute[1:]
    return absolute if is_plain(absolute) else "file://" + quote_from_bytes(os.fsencode(absolute))


def is_plain(path: str) -> bool:
    """Whether an absolute path is the uri of its file."""
    return (path.isascii() or is_unicode(path)) and not reads_as_part(path)


def beginnings(folder: str) -> tuple[str, ...]:
    """How the uris of the files below a folder begin; `folder` has no slash at its end. Those of odd names are
    percent-encoded as a whole."""
    encoded = f"file://{quote_from_bytes(os.fsencode(folder))}/"
    return (f"{folder}/", encoded) if is_plain(f"{folder}/x") else (encoded,)


def named_uri(path: str) -> str:
    """The uri of what an absolute path names: a file; or if there is none, the member of an archive that it reads
    as."""
    member = member_of(path) if "#" in path else None
    if member is None or os.path.lexists(path):
        return local_uri(path)
    return member_uri(local_uri(member.archive), member.name)


def local_path(uri: str) -> str:
    """The path from which `local_uri` made `uri`, for `os` calls. Raises ImageRejected: `unsupported` for any scheme
    other than file, `bad_uri` for text that no path can have."""
    match = _SCHEME.match(uri)
    if match is None:
        return uri
    if match[1].lower() != "file":
        # The rest of the uri may contain credentials and must not be in the message.
        raise ImageRejected(Reason.UNSUPPORTED, f"{match[1]}:// is not supported; only local files are read")
    path = uri[match.end() :]
    if path[:10].lower() == "localhost/":
        # This machine (RFC 8089, 2).
        path = path[9:]
    try:
        return os.fsdecode(unquote_to_bytes(os.fsencode(path)))
    except UnicodeEncodeError as error:
        raise ImageRejected(Reason.BAD_URI, "the address is not valid Unicode") from error


def canonical_uri(uri: str) -> str:
    """The uri as `local_uri` makes it, if it is a `file://` URL, or a member of an archive that one names; any other
    uri as it is."""
    if "#" in uri and (member := member_of(uri)):
        return member_uri(canonical_uri(member.archive), member.name)
    match = _SCHEME.match(uri)
    if match is None or match[1].lower() != "file":
        return uri
    path = local_path(uri)
    return local_uri(path) if os.path.isabs(path) else uri

"""The uris of images: local paths, `s3://`, `gs://`, `az://`, `http(s)://`, and members of archives behind a `#`."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

#: Object stores, with `az://container/...` for Azure.
STORE_SCHEMES = frozenset({"s3", "gs", "az"})
WEB_SCHEMES = frozenset({"http", "https"})
#: Longer addresses reach no server, and no database column of ours.
MAX_URI = 8192

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
#: An archive, and the name of a member: `shard.tar#000.jpg`.
_MEMBER = re.compile(r"(.+?\.(?:tar|tar\.gz|tgz|tar\.zst|tar\.bz2|tar\.xz|zip))#(.+)", re.IGNORECASE | re.DOTALL)
#: What a URL may hold as it is (RFC 3986); the rest is percent-encoded, and what is encoded already stays.
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


class Member(NamedTuple):
    """A member of an archive: the uri of the archive, and the member's name."""

    archive: str
    name: str


def scheme_of(uri: str) -> str:
    """The scheme in lower case; empty for a local path, `file` for a file:// URL."""
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def is_remote(uri: str) -> bool:
    """Whether the uri names no local file, nor a member of a local archive."""
    return scheme_of(uri) not in ("", "file")


def member_of(uri: str) -> Member | None:
    """The archive and the member that a uri names; None if it names no member."""
    match = _MEMBER.fullmatch(uri)
    return Member(match[1], match[2]) if match else None


def member_uri(archive: str, name: str) -> str:
    """The uri of a member."""
    return f"{archive}#{name}"


def without_credentials(uri: str) -> str:
    """The uri without user name and password, which belong into no document, log or message."""
    if not is_remote(uri) or "@" not in uri:
        return uri
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def web_url(text: str) -> str:
    """The one form of an http(s) URL: host in lower-case ASCII, no default port, no fragment, percent-encoded.

    Raises ValueError, with a short text, for one that names nothing, or that holds credentials.
    """
    text = text.strip()
    if len(text) > MAX_URI:
        raise ValueError(f"the address has {len(text)} characters, more than {MAX_URI}")
    member = member_of(text)
    parts = urlsplit(member.archive if member else text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds credentials")
    path = quote(parts.path or "/", safe=_URL_SAFE.replace("#", "").replace("?", ""))
    query = f"?{quote(parts.query, safe=_URL_SAFE.replace('#', ''))}" if parts.query else ""
    url = f"{parts.scheme.lower()}://{_authority(parts)}{path}{query}"
    return member_uri(url, member.name) if member else url


def _authority(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host or "%" in host or any(letter.isspace() for letter in host):
        raise ValueError("the address has no valid host")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise ValueError("the host cannot be written in ASCII") from error
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    is_default = port is None or (parts.scheme.lower(), port) in (("http", 80), ("https", 443))
    return host if is_default else f"{host}:{port}"

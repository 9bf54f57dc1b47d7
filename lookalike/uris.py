"""The uris of images: local paths, `s3://`, `gs://`, `az://`, `http(s)://`, and what is in a file behind a `#`."""

import re
from ipaddress import IPv4Address, IPv6Address
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
#: A row of a table, or a line of a list: `shoes.csv#row=17`.
_ROW = re.compile(r"#row=[0-9]+\Z")
#: What a URL may hold as it is (RFC 3986); the rest is percent-encoded, and what is encoded already stays.
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]-._"
#: Names of hosts; underscores are no longer forbidden by any resolver.
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
#: A last label that is a number makes a host an IPv4 address (WHATWG URL, "ends in a number").
_ENDS_IN_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")


#: Parameters of which at least one stands in a signed URL; those of Azure are `sig` and `se`.
_SIGNED = frozenset(
    {
        *("x-amz-signature", "x-amz-security-token", "awsaccesskeyid", "key-pair-id"),
        *("x-goog-signature", "googleaccessid", "x-oss-signature", "ossaccesskeyid", "access_token"),
    }
)


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


def row_uri(table: str, number: int) -> str:
    """The uri of the record of a row, or of a line of a list, that names no image."""
    return f"{table}#row={number}"


def is_row(uri: str) -> bool:
    """Whether this is the uri of a row: nothing can be read there."""
    return _ROW.search(uri) is not None and member_of(uri) is None


def reads_as_part(text: str) -> bool:
    """Whether a path or an address reads as what is in a file, a member or a row, whatever it is."""
    return "#" in text and (member_of(text) is not None or is_row(text))


def image_url(text: str) -> str:
    """The `web_url` of an image, which documents and logs hold. Raises ValueError also for a signed URL (of S3, Google,
    Azure, CloudFront and the like): its query is a credential."""
    url = web_url(text)
    if is_signed(url):
        raise ValueError(
            "the address is signed, and its signature is a credential; give it without, or as s3://, gs://, az://"
        )
    return url


def is_signed(url: str) -> bool:
    """Whether the query of a URL holds a signature or a token of a store."""
    names = {part.partition("=")[0].lower() for part in url.partition("#")[0].partition("?")[2].split("&")}
    return not names.isdisjoint(_SIGNED) or {"sig", "se"} <= names


def without_credentials(uri: str) -> str:
    """The uri without user name and password, which belong into no document, log or message."""
    if not is_remote(uri):
        return uri
    if is_signed(uri):
        uri = uri.partition("?")[0]
    if "@" not in uri:
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
    parts = _split(member.archive if member else text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds credentials")
    path = quote(parts.path or "/", safe=_URL_SAFE.replace("#", "").replace("?", ""))
    query = f"?{quote(parts.query, safe=_URL_SAFE.replace('#', ''))}" if parts.query else ""
    url = f"{parts.scheme.lower()}://{_authority(parts)}{path}{query}"
    if len(url) > MAX_URI:
        raise ValueError(f"the address has {len(url)} characters when it is encoded, more than {MAX_URI}")
    return member_uri(url, member.name) if member else url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        # Its text repeats what stands before the host, which may be a password.
        raise ValueError("the address has no valid host") from error


def _authority(parts: SplitResult) -> str:
    host = _host(_ascii(parts.hostname or ""))
    port = _port(parts)
    is_default = port is None or (parts.scheme.lower(), port) in (("http", 80), ("https", 443))
    return host if is_default else f"{host}:{port}"


def _host(host: str) -> str:
    if ":" in host:
        return f"[{_ipv6(host)}]"
    if _ENDS_IN_NUMBER.search(host) and not _is_ipv4(host):
        # Such as 0x7f.1, 017700000001 or 2130706433, which a resolver reads as 127.0.0.1.
        raise ValueError("the host is a number, but not an IPv4 address in decimal notation")
    if not _HOST.fullmatch(host):
        raise ValueError("the address has no valid host")
    return host


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    # Its tables are large, and most hosts are ASCII. The standard library's codec is the rule of 2003.
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError as error:
        raise ValueError("the host cannot be written in ASCII") from error


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError as error:
        raise ValueError("the port is not a number up to 65535") from error


def _is_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError as error:
        raise ValueError("the host is not a valid IPv6 address") from error
    if address.scope_id is not None:
        # A zone (%eth0) is a part of one machine.
        raise ValueError("the host is an IPv6 address with a zone")
    return str(address)

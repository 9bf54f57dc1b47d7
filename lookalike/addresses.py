"""Addresses of services, and what an HTTP header can carry. Imports no settings library: the client stays light."""

import os
import re
from ipaddress import ip_address
from urllib.parse import quote

#: Characters that an HTTP header cannot carry (RFC 9110, 5.5): no client could send such a key.
UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]|^\s|\s$")

#: What ends or changes a path in a URL, or is cut off from it (WHATWG URL, 4.4), and what UTF-8 cannot hold.
_NOT_IN_PATHS = re.compile(r"[#?%\x00-\x1f\x7f\ud800-\udfff]")

#: Segments of a path that mean the same in a URL, in HTML and in a header, and lead nowhere else.
_PREFIX = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_LONGEST_PREFIX = 200


def path_prefix(text: str) -> str:
    """A path under which a proxy serves something, without its last slash: "" for the root. Raises ValueError."""
    prefix = text.rstrip("/")
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        raise ValueError("a prefix is a path such as /photos, of letters, digits and . _ ~ -")
    return prefix


def is_plain_path(path: str | os.PathLike[str]) -> bool:
    """Whether the path can stand in a URL as it is."""
    return _NOT_IN_PATHS.search(os.fspath(path)) is None


def folder_url(scheme: str, folder: str | os.PathLike[str]) -> str:
    """The URL of an absolute folder, whatever its name is; most names stay as they are."""
    return f"{scheme}://" + _NOT_IN_PATHS.sub(lambda found: quote(os.fsencode(found[0]), ""), os.fspath(folder))


def plain_address(url: str) -> str:
    """The URL of a service without credentials, even if its password contains unescaped characters."""
    scheme, _, rest = url.partition("://")
    # A folder has no credentials, but its path may contain an @.
    place = rest if scheme == "lancedb" else rest.rpartition("@")[2]
    return f"{scheme.lower()}://{re.split('[?#]', place)[0]}" if rest else "an invalid URL"


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine. A name may end with a dot; IPv6 may contain IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def bracketed(host: str) -> str:
    """The host as URLs write it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host

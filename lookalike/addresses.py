"""Addresses of services, and what an HTTP header can carry. Imports no settings library: the client stays light."""

import re
from ipaddress import ip_address

#: Characters that an HTTP header cannot carry (RFC 9110, 5.5): no client could send such a key.
UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]|^\s|\s$")


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

"""Which addresses of the Internet protocol belong to the public internet. Imports nothing of ours.

Python's own `is_global` depends on its version (3.11.7 takes 192.0.0.0/24 and others for public), and it does not look
into addresses that hold another one.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


#: IANA's special-purpose registry for IPv4 (RFC 6890 and later), multicast, and one public address that is the host's
#: own agent in Azure.
_SPECIAL_4 = _networks(
    "0.0.0.0/8",  # this network; the kernel takes it for this machine
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # carrier-grade NAT
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local, with the metadata of clouds
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # 6to4 relays, no longer in use
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "168.63.129.16/32",  # Azure's WireServer
)
#: Only this part of IPv6 is given out for public use (IANA's registry of the address space).
_GLOBAL_6 = ip_network("2000::/3")
#: What is special in it.
_SPECIAL_6 = _networks(
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4, which holds an IPv4 address and is no longer in use
    "3fff::/20",  # documentation
)
#: Addresses of IPv4, as a network that speaks only IPv6 writes them (RFC 6052).
_NAT64 = ip_network("64:ff9b::/96")
#: The same with a prefix of one's own (RFC 8215); where the IPv4 address begins depends on the length of the prefix.
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
#: IPv4-compatible (RFC 4291) and IPv4-translated (RFC 2765) addresses, no longer in use.
_OLD_FORMS = _networks("::/96", "::ffff:0:0:0/96")
_THIS_NETWORK = ip_network("0.0.0.0/8")
#: What no name may lead to, even if it is trusted: this machine's links, groups of machines, and where clouds tell a
#: machine its credentials (beside 169.254.0.0/16: Azure, Alibaba, Oracle; AWS, Google, Scaleway, Oracle).
_NEVER_BY_NAME = _networks(
    *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
    *("168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"),
    *("::/128", "fe80::/10", "ff00::/8"),
    *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128", "fd00:c1::a9fe:a9fe/128"),
)


def parsed(text: str) -> Address | None:
    """The address that a text is, in its own notation (no octal, no hexadecimal, no short form of IPv4); else None.

    An IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`) is that IPv4 address: the kernel connects to it.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet. What NAT64 writes is judged by the IPv4 address in it."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        return address in _GLOBAL_6 and not within(address, _SPECIAL_6)
    return not within(address, _SPECIAL_4)


def may_have_name(address: Address) -> bool:
    """Whether the name of a host that somebody trusts may lead to an address: not to the metadata of a cloud."""
    inner = _inner(address) if isinstance(address, IPv6Address) else []
    return not within(address, _NEVER_BY_NAME) and all(map(may_have_name, inner))


def _inner(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an address may stand for; what is none begins with zeros."""
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64:
        return [last]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in _LOCAL_NAT64:
        found = [last, *(_translated(address, length) for length in (48, 56, 64))]
    else:
        found = [last] if within(address, _OLD_FORMS) else []
    return [one for one in found if one not in _THIS_NETWORK]


def _translated(address: IPv6Address, length: int) -> IPv4Address:
    """The IPv4 address behind a prefix; it goes around the bits from 64 to 71 (RFC 6052, 2.2)."""
    packed = address.packed
    return IPv4Address((packed[length // 8 : 8] + packed[9:])[:4])


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address in network for network in networks)

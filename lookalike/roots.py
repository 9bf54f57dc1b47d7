"""What workers may read: folders, web addresses, object stores and networks, as LOOKALIKE_ROOTS lists them."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lookalike import networks
from lookalike.addresses import is_loopback
from lookalike.errors import ImageRejected
from lookalike.networks import Network
from lookalike.records import Reason
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, member_of, scheme_of, web_url

#: What the embedded stack reads beside local files: every public host, and every store.
PUBLIC = ("https://", "http://", "s3://", "gs://", "az://")
_SETTING = "LOOKALIKE_ROOTS"
_ANY_SUBDOMAIN = "*."
_ADVISED = re.compile(rf'add "([^"]+)" to {_SETTING}')
#: Addresses that a job records: a shell may write thousands.
MOST_NAMED = 100
#: Where a pattern in the path of an address begins.
_WILDCARD = re.compile(r"[*{?\[#]")

_UNSEEN = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Grant:
    """To which addresses a connection may go that reads a uri.

    `is_named`: a root names the host itself, so it may have any address but those that no name may lead to.
    `is_public`: a root stands for many hosts, of which only public ones are meant.
    """

    is_named: bool = False
    is_public: bool = False
    networks: tuple[Network, ...] = ()

    def allows(self, text: str, *, is_written: bool = False) -> bool:
        """Whether an address may be connected to; `is_written` if the uri has it in place of a name."""
        address = networks.parsed(text)
        if address is None:
            return False
        if self.is_named and (is_written or networks.may_have_name(address)):
            return True
        return (self.is_public and networks.is_public(address)) or networks.within(address, self.networks)


@dataclass(frozen=True)
class Prefix:
    """A scheme; a host, or all below it, or all hosts (empty); and the first segments of a path."""

    scheme: str
    host: str
    port: int | None
    path: tuple[str, ...]

    def matches(self, other: "Prefix") -> bool:
        """Whether what `other` names lies below this one."""
        if self.scheme != other.scheme:
            return False
        if not self.host:
            return True
        if not self._is_host_of(other) or self.port != other.port:
            return False
        # Whoever climbs out of a path is not below it, however the server would read it.
        return not self.path or (other.path[: len(self.path)] == self.path and not _climbs(other.path))

    def _is_host_of(self, other: "Prefix") -> bool:
        if self.host.startswith(_ANY_SUBDOMAIN):
            return other.host.endswith(self.host[1:]) and networks.parsed(other.host.strip("[]")) is None
        return self.host == other.host

    @property
    def names_host(self) -> bool:
        return bool(self.host) and not self.host.startswith(_ANY_SUBDOMAIN)


@dataclass(frozen=True)
class Roots:
    """The roots as `parse` reads them."""

    folders: tuple[Path, ...]
    prefixes: tuple[Prefix, ...]
    networks: tuple[Network, ...]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Roots":
        """Raises ValueError, with a short text that holds no credentials, for one that is no root."""
        found = [parse_root(text) for text in texts]
        return cls(
            tuple(root for root in found if isinstance(root, Path)),
            tuple(root for root in found if isinstance(root, Prefix)),
            tuple(root for root in found if not isinstance(root, Path | Prefix)),
        )

    def grant(self, uri: str) -> Grant:
        """The connections that may be made to read a uri of the web or of a store, in its one form (`web_url`).

        Raises ImageRejected (outside_root).
        """
        member = member_of(uri)
        target = _prefix(member.archive if member else uri)
        found = [prefix for prefix in self.prefixes if prefix.matches(target)]
        inside = self._networks_for(target)
        if not found and not inside:
            raise ImageRejected(Reason.OUTSIDE_ROOT, self._why_not(target))
        is_named = any(prefix.names_host for prefix in found)
        return Grant(is_named, any(not prefix.names_host for prefix in found), inside)

    def check_written(self, uri: str) -> None:
        """Raises ImageRejected (outside_root) for a uri that cannot be read, as far as its text tells: an address in
        place of a host name, and `localhost`, need no look-up."""
        grant, target = self.grant(uri), _prefix(uri)
        host = target.host.strip("[]")
        written = host if networks.parsed(host) is not None else "127.0.0.1" if is_loopback(host) else ""
        if target.scheme in WEB_SCHEMES and written and not grant.allows(written, is_written=True):
            raise inward(host, uri, grant)

    def _networks_for(self, target: Prefix) -> tuple[Network, ...]:
        """The networks in which the host may lie; that of a name is known when the name is looked up."""
        if target.scheme not in WEB_SCHEMES:
            return ()
        address = networks.parsed(target.host.strip("[]"))
        if address is None:
            return self.networks
        return tuple(network for network in self.networks if address in network)

    def _why_not(self, target: Prefix) -> str:
        address = networks.parsed(target.host.strip("[]"))
        if address is not None and not networks.may_have_name(address):
            # Nobody should be led to open it: a list, or a redirect, may name it for what it is.
            return (
                "no root allows it, and no images lie at such an address: clouds tell machines their credentials there"
            )
        return f"no root allows it; add {_quoted(target)} to {_SETTING} of the workers to read it"


def parse_root(text: str) -> Path | Prefix | Network:
    """One root. Raises ValueError as `Roots.parse` does."""
    scheme = scheme_of(text)
    if scheme in WEB_SCHEMES | STORE_SCHEMES:
        return _prefix_of_root(text, scheme)
    if scheme not in ("", "file"):
        raise ValueError(f"{scheme}:// is not read")
    if (network := _network(text)) is not None:
        return network
    try:
        return Path(text.removeprefix("file://")).expanduser().resolve()
    except RuntimeError as error:
        raise ValueError("the user after ~ does not exist") from error


def inward(host: str, uri: str, grant: Grant) -> ImageRejected:
    """The rejection of a uri whose host has no address that may be connected to."""
    where = "is not at a public address" if grant.is_public else f"is at no address that {_SETTING} allows"
    advice = f"if you trust it, add {_quoted(_prefix(uri))} to {_SETTING} of the workers"
    return ImageRejected(Reason.OUTSIDE_ROOT, f"{host} {where}; {advice}")


def to_allow(details: Iterable[str]) -> tuple[str, ...]:
    """The roots that the details of rejections (outside_root) advise to add."""
    return tuple(dict.fromkeys(found[1] for detail in details if (found := _ADVISED.search(detail))))


def as_setting(roots: Iterable[str]) -> str:
    """The variable with these roots, as a shell takes it."""
    return f"{_SETTING}='{json.dumps(list(dict.fromkeys(roots)))}'"


def named_prefixes(sources: Sequence[str]) -> tuple[str, ...]:
    """The web addresses that a command names, each up to the last slash before a wildcard, as roots.

    What is no valid address is left out: it is rejected with its reason anyway.
    """
    found: dict[str, None] = {}
    for source in sources:
        if (scheme := scheme_of(source)) in WEB_SCHEMES:
            host, _, path = source.partition("://")[2].partition("/")
            try:
                url = web_url(f"{scheme}://{host}/{_WILDCARD.split(path)[0]}")
            except ValueError:
                continue
            found[url[: url.rindex("/") + 1]] = None
    return tuple(found)[:MOST_NAMED]


def _prefix_of_root(text: str, scheme: str) -> Prefix:
    rest = text.partition("://")[2]
    if rest in ("", "*", "*/"):
        return Prefix(scheme, "", None, ())
    prefix = _web_root(text) if scheme in WEB_SCHEMES else _store_root(text)
    if _climbs(prefix.path):
        raise ValueError("the path of an address in it has ..")
    # A slash at the end adds nothing.
    return replace(prefix, path=prefix.path[:-1]) if prefix.path[-1:] == ("",) else prefix


def _web_root(text: str) -> Prefix:
    parts = urlsplit(text)
    if parts.query or parts.fragment:
        raise ValueError("an address in it has a query or a fragment")
    has_wildcard = parts.netloc.startswith(_ANY_SUBDOMAIN)
    prefix = _prefix(web_url(text.replace(f"//{_ANY_SUBDOMAIN}", "//", 1) if has_wildcard else text))
    if not has_wildcard:
        return prefix
    if networks.parsed(prefix.host.strip("[]")) is not None:
        raise ValueError("an address has no subdomains; write a network, such as 10.0.0.0/8")
    return replace(prefix, host=_ANY_SUBDOMAIN + prefix.host)


def _store_root(text: str) -> Prefix:
    prefix = _prefix(text)
    if "@" in prefix.host:
        raise ValueError("an address in it holds credentials")
    if not prefix.host:
        raise ValueError("an address in it names no bucket")
    return prefix


def _prefix(uri: str) -> Prefix:
    """The parts of a uri in its one form. Segments of a web address are compared without their percent-encoding."""
    scheme = scheme_of(uri)
    if scheme in STORE_SCHEMES:
        bucket, _, key = uri.partition("://")[2].partition("/")
        return Prefix(scheme, bucket, None, tuple(key.split("/")))
    parts = urlsplit(uri)
    host = (parts.hostname or "").removesuffix(".")
    path = tuple(unquote(segment) for segment in parts.path.removeprefix("/").split("/"))
    return Prefix(scheme, f"[{host}]" if ":" in host else host, parts.port, path)


def _climbs(path: Sequence[str]) -> bool:
    """Whether a path has a segment `..` or `.` in any spelling that a server may read as one."""
    text = "/".join(path)
    while (plain := unquote(text)) != text:
        text = plain
    # Some servers drop what cannot be seen.
    plain = _UNSEEN.sub("", text)
    return any(segment.partition(";")[0] in ("..", ".") for segment in re.split(r"[/\\]", plain))


def _network(text: str) -> Network | None:
    """The network, or the one address, that a text is; None if it is a folder."""
    plain = text.strip("[]")
    try:
        return ip_network(plain)
    except ValueError as error:
        try:
            advice = str(ip_network(plain, strict=False))
        except ValueError:
            return None
        raise ValueError(f"{text} is an address in a network; write {advice}") from error


def _quoted(target: Prefix) -> str:
    port = f":{target.port}" if target.port else ""
    return f'"{target.scheme}://{target.host}{port}/"'

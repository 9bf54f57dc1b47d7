"""The address of an OpenSearch server and the user's credentials, which appear in no message."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from lookalike.errors import BadSetting
from lookalike.index.options import IndexOptions
from lookalike.tls import require_encryption

#: The defaults of OpenSearch and its clients.
DEFAULT_PORTS = {"http": 9200, "https": 443}
EXAMPLE = "Write https://host:9200."


@dataclass(frozen=True)
class Address:
    """One server. `str()` has no credentials, so it can be used in messages."""

    scheme: str
    host: str
    port: int
    path: str
    user: str | None
    password: str = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse(url: str, options: IndexOptions) -> Address:
    """Raises BadSetting for a URL without a host, and for credentials that would cross a network unencrypted."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        # Not the URL nor the text of the error: both may contain a password.
        raise BadSetting("The URL of the index is invalid.", EXAMPLE) from error
    if not parts.hostname:
        raise BadSetting("The URL of the index has no host.", EXAMPLE)
    if "@" in parts.path:
        raise BadSetting("The URL of the index is invalid.", "Write / in a password as %2F.")
    address = _address(parts, parts.hostname, port)
    if parts.scheme == "http" and parts.username:
        require_encryption("A password", str(address), address.host, secure="https", insecure=options.insecure)
    return address


def _address(parts: SplitResult, host: str, port: int) -> Address:
    user = unquote(parts.username) if parts.username else None
    return Address(parts.scheme, host, port, parts.path.rstrip("/"), user, unquote(parts.password or ""))

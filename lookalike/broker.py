"""What queue and ledger share of Redis: its address, how it is trusted, and what its failures mean."""

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis

from lookalike.addresses import plain_address
from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, LookalikeError
from lookalike.settings import Settings
from lookalike.tls import demand_secrecy, distrust, tls_context

ADVICE = "Write rediss://user:password@host:6379/0, and / in a password as %2F."
#: How Redis says that a user may not do this, outside a script of ours and inside.
FORBIDDEN = ("no permissions to", "acl failure in script")
#: How redis-py, kombu and Flower know the options of TLS, in a URL and as arguments.
TLS_PREFIX = "ssl_"


def broker_location(settings: Settings) -> str | None:
    """The configured broker's URL with its credentials, and with what TLS needs written into it; None if unset.

    Raises BadSetting for a URL that cannot be used, for credentials that would cross a network in clear, and for
    certificates that cannot be read.
    """
    if settings.broker_url is None:
        return None
    url = settings.broker_url.get_secret_value()
    client_url(url)
    try:
        parts = urlsplit(url)
        host, is_plain = parts.hostname or "", parts.port != 0 and "@" not in parts.path
    except ValueError as error:
        # Not the URL itself: it may hold a password, and so may the error's text.
        raise BadSetting("LOOKALIKE_BROKER_URL cannot be understood.", ADVICE) from error
    if parts.scheme != "redis+socket" and not (host and is_plain):
        raise BadSetting("LOOKALIKE_BROKER_URL cannot be understood.", ADVICE)
    if parts.scheme == "redis" and "@" in parts.netloc:
        demand_secrecy("A password", plain_address(url), host, secure="rediss", insecure=settings.insecure)
    if parts.scheme != "rediss":
        return url
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | _tls(settings))).geturl()


def tls_options(broker_url: str) -> dict[str, Any] | None:
    """What `broker_location` wrote, as Celery's `broker_use_ssl`; without it kombu would check no certificate."""
    parts = urlsplit(broker_url)
    if parts.scheme != "rediss":
        return None
    given = {name: value for name, value in parse_qsl(parts.query) if name.startswith(TLS_PREFIX)}
    return given | {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}


def broker_error(error: Exception, address: str) -> LookalikeError:
    """What a failure of Redis means for us."""
    if refused := distrust(error, address):
        return refused
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, redis.exceptions.NoPermissionError) or any(sign in why.lower() for sign in FORBIDDEN):
        advice = "Let the user in LOOKALIKE_BROKER_URL do it (deploy/redis/users.acl), or name another."
        return AccessDenied(f"The broker at {address} does not let us: {why.rstrip('.')}.", advice)
    denied = (redis.exceptions.AuthenticationError,)
    if isinstance(error, denied) or why.startswith(("NOAUTH", "WRONGPASS", "invalid username-password")):
        advice = "Correct the user and password in LOOKALIKE_BROKER_URL."
        return AccessDenied(f"The broker at {address} turns us down: {why.rstrip('.')}.", advice)
    return BrokerUnavailable(address, why.rstrip("."))


def client_url(broker_url: str) -> str:
    """The URL as redis-py wants it. Raises BadSetting."""
    # Celery writes unix sockets as redis+socket://, redis-py as unix://.
    try:
        parts = urlsplit(broker_url)
        scheme, _ = parts.scheme, parts.port
    except ValueError as error:
        # Not the URL itself: it may hold a password, and so may the error's text.
        advice = "Write redis://user:password@host:6379/0."
        raise BadSetting("LOOKALIKE_BROKER_URL cannot be understood.", advice) from error
    if scheme == "redis+socket":
        return "unix" + broker_url.removeprefix("redis+socket").replace("virtual_host=", "db=")
    if scheme not in ("redis", "rediss"):
        # Not more of it: what is no URL may be a password.
        told = repr(scheme) if "://" in broker_url else "none"
        advice = "It must begin with redis://, rediss:// or redis+socket://."
        raise BadSetting(f"LOOKALIKE_BROKER_URL has the scheme {told}.", advice)
    return broker_url


def _tls(settings: Settings) -> dict[str, str]:
    """Raises BadSetting for files that cannot be used: redis-py would find out at each connection, and try again."""
    files = {"ca_certs": settings.ca_certs, "certfile": settings.client_cert, "keyfile": settings.client_key}
    given = {TLS_PREFIX + name: str(path) for name, path in files.items() if path is not None}
    tls_context(given.get("ssl_ca_certs"), given.get("ssl_certfile"), given.get("ssl_keyfile"))
    return given | {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}

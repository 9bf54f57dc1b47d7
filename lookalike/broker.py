"""What the queue and the ledger share: the URL of Redis, its TLS options, and the meaning of its errors."""

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis

from lookalike.addresses import plain_address
from lookalike.errors import AccessDenied, BadSetting, BrokerRefuses, BrokerUnavailable, LookalikeError
from lookalike.exhaustion import machine_error
from lookalike.settings import Settings
from lookalike.tls import require_encryption, tls_context, tls_error

ADVICE = "Write rediss://user:password@host:6379/0, and / in a password as %2F."
#: How Redis says that a command is denied, outside and inside a script.
FORBIDDEN = ("no permissions to", "acl failure in script")
#: What redis-py puts before the error of a command that was sent together with others.
OF_PIPELINE = " of pipeline caused error: "
#: What Redis answers while it refuses commands -> what to do, for it runs and the URL is right.
REFUSALS = {
    "MISCONF": "Free some space on the disk of Redis: it accepts writes again when it can write its file.",
    "OOM command not allowed": "Give Redis more memory (maxmemory), or remove what other programs keep in it.",
    "used memory > 'maxmemory'": "Give Redis more memory (maxmemory), or remove what other programs keep in it.",
    "loading the dataset": "Wait until Redis has read its file.",
    "read only replica": "Set LOOKALIKE_BROKER_URL to the primary, which accepts writes.",
    "max number of clients": "Raise `maxclients` of Redis, or stop programs that use it.",
}
#: Prefix of the TLS options of redis-py, kombu and Flower, in a URL and as arguments.
TLS_PREFIX = "ssl_"


def broker_location(settings: Settings) -> str | None:
    """The URL of the configured broker, with credentials and TLS options; None if it is not set.

    Raises BadSetting for an invalid URL, for credentials that would cross a network unencrypted, and for
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
        # The message must not contain the URL or the error's text: both may contain a password.
        raise BadSetting("LOOKALIKE_BROKER_URL is not a valid URL.", ADVICE) from error
    if parts.scheme != "redis+socket" and not (host and is_plain):
        raise BadSetting("LOOKALIKE_BROKER_URL is not a valid URL.", ADVICE)
    if parts.scheme == "redis" and "@" in parts.netloc:
        require_encryption("A password", plain_address(url), host, secure="rediss", insecure=settings.insecure)
    if parts.scheme != "rediss":
        return url
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | _tls(settings))).geturl()


def tls_options(broker_url: str) -> dict[str, Any] | None:
    """The TLS options in a URL of `broker_location`, as Celery's `broker_use_ssl`; without it kombu checks nothing."""
    parts = urlsplit(broker_url)
    if parts.scheme != "rediss":
        return None
    given = {name: value for name, value in parse_qsl(parts.query) if name.startswith(TLS_PREFIX)}
    return given | {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}


def broker_error(error: Exception, address: str) -> LookalikeError:
    """Our error for an error of Redis, of redis-py or of kombu."""
    if failed := machine_error(error) or tls_error(error, address):
        return failed
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    # redis-py names the command first, with what it was to write.
    why = why.rpartition(OF_PIPELINE)[2]
    if isinstance(error, redis.exceptions.NoPermissionError) or any(sign in why.lower() for sign in FORBIDDEN):
        advice = "Allow it for the user in LOOKALIKE_BROKER_URL (see deploy/redis/users.acl), or use another user."
        return AccessDenied(f"The broker at {address} denied the command: {why.rstrip('.')}.", advice)
    denied = (redis.exceptions.AuthenticationError,)
    if isinstance(error, denied) or why.startswith(("NOAUTH", "WRONGPASS", "invalid username-password")):
        advice = "Correct the user and password in LOOKALIKE_BROKER_URL."
        return AccessDenied(f"The broker at {address} rejected the credentials: {why.rstrip('.')}.", advice)
    if what_to_do := next((text for sign, text in REFUSALS.items() if sign in why), None):
        return BrokerRefuses(address, why.rstrip("."), what_to_do)
    return BrokerUnavailable(address, why.rstrip("."))


def client_url(broker_url: str) -> str:
    """The URL in the form of redis-py. Raises BadSetting."""
    # Celery writes unix sockets as redis+socket://, redis-py as unix://.
    try:
        parts = urlsplit(broker_url)
        scheme, _ = parts.scheme, parts.port
    except ValueError as error:
        # The message must not contain the URL or the error's text: both may contain a password.
        advice = "Write redis://user:password@host:6379/0."
        raise BadSetting("LOOKALIKE_BROKER_URL is not a valid URL.", advice) from error
    if scheme == "redis+socket":
        return "unix" + broker_url.removeprefix("redis+socket").replace("virtual_host=", "db=")
    if scheme not in ("redis", "rediss"):
        # Only the scheme: a text that is not a URL may be a password.
        shown = repr(scheme) if "://" in broker_url else "none"
        advice = "It must begin with redis://, rediss:// or redis+socket://."
        raise BadSetting(f"LOOKALIKE_BROKER_URL has the scheme {shown}.", advice)
    return broker_url


def _tls(settings: Settings) -> dict[str, str]:
    """Raises BadSetting for unusable files; redis-py would report them at each connection only, and retry."""
    files = {"ca_certs": settings.ca_certs, "certfile": settings.client_cert, "keyfile": settings.client_key}
    given = {TLS_PREFIX + name: str(path) for name, path in files.items() if path is not None}
    tls_context(given.get("ssl_ca_certs"), given.get("ssl_certfile"), given.get("ssl_keyfile"))
    return given | {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}

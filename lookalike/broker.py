"""What queue and ledger share of Redis: its address, and what its failures mean."""

from urllib.parse import urlsplit

import redis

from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, LookalikeError


def broker_error(error: Exception, address: str) -> LookalikeError:
    """What a failure of Redis means for us."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    denied = (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError)
    if isinstance(error, denied) or why.startswith(("NOAUTH", "WRONGPASS", "invalid username-password")):
        advice = "Correct the user and password in LOOKALIKE_BROKER_URL."
        return AccessDenied(f"The broker at {address} turns us down: {why}.", advice)
    return BrokerUnavailable(address, why.rstrip("."))


def client_url(broker_url: str) -> str:
    """The URL as redis-py wants it. Raises BadSetting."""
    # Celery writes unix sockets as redis+socket://, redis-py as unix://.
    scheme = urlsplit(broker_url).scheme
    if scheme == "redis+socket":
        return "unix" + broker_url.removeprefix("redis+socket").replace("virtual_host=", "db=")
    if scheme not in ("redis", "rediss"):
        advice = "It must begin with redis://, rediss:// or redis+socket://."
        raise BadSetting(f"LOOKALIKE_BROKER_URL has the scheme {scheme!r}.", advice)
    return broker_url

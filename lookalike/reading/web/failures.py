"""What the errors of a connection mean: for one image, for its host, or for this machine."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from lookalike.errors import HostUnavailable, ImageRejected, LookalikeError, SourceUnavailable
from lookalike.exhaustion import machine_error
from lookalike.records import Reason
from lookalike.tls import why_untrusted

#: Answers of the resolver that another try does not change.
_NO_SUCH_NAME = {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA")}

#: How aiohttp says that a line, or the number of lines, of a header is above its limit.
_TOO_LONG = ("Got more than", "Too many headers")


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Raises our error in place of one of aiohttp or of the system, while `address` (of a host) is used."""
    try:
        yield
    except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
        raise _meaning(error, address) from error


def _meaning(error: Exception, address: str) -> LookalikeError:
    if exhausted := machine_error(error):
        return exhausted
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return SourceUnavailable("the web", "the proxy of this machine does not answer")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_proxy(error.status, address)
    # aiohttp's own errors are of the ssl module's classes, but say less.
    if why := why_untrusted(error.__cause__ or error if isinstance(error, aiohttp.ClientSSLError) else error):
        return ImageRejected(Reason.UNTRUSTED_HOST, f"no trusted connection to {address}: {why}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unknown(error.os_error, address)
    if isinstance(error, TimeoutError):
        return HostUnavailable(address, "it does not answer in time")
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return _malformed(error, address)
    if isinstance(error, aiohttp.InvalidURL):
        return ImageRejected(Reason.BAD_URI, "the address names no host")
    return HostUnavailable(address, _why(error))


def _of_proxy(status: int, address: str) -> LookalikeError:
    why = f"the proxy of this machine answers {status}"
    if status >= 500:
        return HostUnavailable(address, why)
    return ImageRejected(Reason.FORBIDDEN, f"{why} for {address}")


def _unknown(error: OSError, address: str) -> LookalikeError:
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return ImageRejected(Reason.NOT_FOUND, f"there is no host of the name in {address}")
    return HostUnavailable(address, "its name cannot be looked up now")


def _malformed(error: Exception, address: str) -> LookalikeError:
    """The error of an answer that is no HTTP, or too much of it."""
    cause = error if isinstance(error, HttpProcessingError) else error.__cause__
    if any(sign in str(cause) for sign in _TOO_LONG):
        return ImageRejected(Reason.UNREADABLE, f"the header of the answer from {address} is too long")
    return HostUnavailable(address, "its answer is not valid HTTP")


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closes the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "its answer ends early, or is not valid HTTP"
    if (number := getattr(error, "errno", None)) is not None and number > 0:
        return os.strerror(number).lower()
    return "no connection" if isinstance(error, aiohttp.ClientConnectorError) else "the connection broke"

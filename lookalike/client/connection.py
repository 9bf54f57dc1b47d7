"""HTTP requests to the query service: the API key, retries while it is busy, and its errors as exceptions."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from lookalike.addresses import UNSENDABLE, is_loopback, plain_address
from lookalike.client.answers import error_of, parse, printable
from lookalike.errors import AccessDenied, BadSetting, LookalikeError, QueryServiceUnavailable
from lookalike.http_schemas import Problem
from lookalike.shown import clause
from lookalike.tls import require_encryption, tls_context, tls_error

Answer = TypeVar("Answer")

#: A running service accepts a connection at once; a missing one should be reported soon.
CONNECT_TIMEOUT_S = 5.0
#: How often a request is repeated when the service asks for it, and the longest pause that it may ask for.
RETRIES = 2
MAX_PAUSE_S = 5.0
#: Temporary failures: the service's own 503, and those of proxies in front of it.
TEMPORARY = {429, 502, 503, 504}
_ADVICE = "Set LOOKALIKE_API_URL to https://host:port."


class Connection:
    """Sends the API key to one service only: follows no redirect, and keeps the key out of every message."""

    def __init__(
        self, url: str, api_key: str | None, *, timeout_s: float, ca_certs: str | None, insecure: bool
    ) -> None:
        host = _host(url)
        self.address = plain_address(url).rstrip("/")
        if api_key is not None:
            _check_key(api_key)
            if self.address.startswith("http:"):
                require_encryption("The API key", self.address, host, secure="https", insecure=insecure)
        verify = True if ca_certs is None else tls_context(ca_certs)
        with _usable_environment():
            self._http = httpx2.Client(
                base_url=self.address,
                headers={b"Authorization": b"Bearer " + api_key.encode()} if api_key is not None else None,
                timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
                verify=verify,
                # Requests to this machine must not go to a proxy that the environment names.
                trust_env=not is_loopback(host),
                follow_redirects=False,
            )

    def request(self, kind: type[Answer], method: str, path: str, *, retries: int = RETRIES, **content: Any) -> Answer:
        """The answer as `kind`. Raises as `Client` does."""
        response = self._request(method, path, retries, content)
        answer = parse(kind, response.content)
        if answer is None:
            raise self._not_the_service(response)
        return answer

    def fetch(self, path: str, **content: Any) -> bytes:
        """The bytes of an image. Raises as `Client` does."""
        response = self._request("GET", path, RETRIES, content)
        if not response.headers.get("Content-Type", "").startswith("image/"):
            raise self._not_the_service(response)
        return response.content

    def close(self) -> None:
        self._http.close()

    def _request(self, method: str, path: str, retries: int, content: dict[str, Any]) -> httpx2.Response:
        response = self._send(method, path, content)
        while retries and (pause_s := _pause_s(response)) is not None:
            time.sleep(pause_s)
            response = self._send(method, path, content)
            retries -= 1
        if not response.is_success:
            raise self._error(response)
        return response

    def _send(self, method: str, path: str, content: dict[str, Any]) -> httpx2.Response:
        try:
            return self._http.request(method, path, **content)
        except httpx2.TimeoutException as error:
            raise QueryServiceUnavailable(self.address, "it does not answer in time") from error
        except httpx2.RequestError as error:
            if refused := tls_error(error, self.address):
                raise refused from error
            why = str(error).removesuffix(".") or type(error).__name__
            raise QueryServiceUnavailable(self.address, why) from error
        except (httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise BadSetting(
                "The request cannot be written as a URL.", "Give ids, labels and filters in valid Unicode."
            ) from error

    def _error(self, response: httpx2.Response) -> LookalikeError:
        problem = parse(Problem, response.content)
        if response.status_code in TEMPORARY:
            why = printable(problem.detail) if problem else f"HTTP {response.status_code}"
            return QueryServiceUnavailable(self.address, why.removesuffix("."))
        if problem is None:
            return self._not_the_service(response)
        if response.status_code == 403:
            # Not the key, but who asks: the service says what to do.
            return AccessDenied(f"The query service at {self.address} refuses: {clause(printable(problem.detail))}.")
        if response.status_code == 401:
            why = "rejects the API key" if "Authorization" in self._http.headers else "requires an API key"
            advice = "Set LOOKALIKE_API_KEY to the key of that service."
            return AccessDenied(f"The query service at {self.address} {why}.", advice)
        return error_of(problem)

    def _not_the_service(self, response: httpx2.Response) -> BadSetting:
        what = f"{self.address} is not the query service, or it has another version (HTTP {response.status_code})."
        return BadSetting(what, "Correct LOOKALIKE_API_URL.")


@contextmanager
def _usable_environment() -> Iterator[None]:
    """Raises BadSetting if the proxy or the authorities that the environment names cannot be used.

    The message repeats no value: a proxy's URL may hold a password.
    """
    advice = "Correct it, or add the host of LOOKALIKE_API_URL to NO_PROXY."
    try:
        yield
    except ImportError as error:
        what = "HTTPS_PROXY or ALL_PROXY names a SOCKS proxy, which lookalike does not support."
        raise BadSetting(what, "Name an HTTP proxy, or add the host of LOOKALIKE_API_URL to NO_PROXY.") from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise BadSetting("HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not the URL of a proxy.", advice) from error
    except OSError as error:
        what = f"Cannot read certificates from SSL_CERT_FILE or SSL_CERT_DIR: {error.strerror}."
        raise BadSetting(what, "Correct it, or set LOOKALIKE_CA_CERTS.") from error


def _host(url: str) -> str:
    """The host of a service's URL. Raises BadSetting for a bad URL, and does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL) as error:
        raise BadSetting("The URL of the query service is not a valid URL.", _ADVICE) from error
    if not usable or parts.query or parts.fragment:
        raise BadSetting("The URL of the query service is not a valid URL.", _ADVICE)
    if "@" in parts.netloc:
        raise BadSetting("The URL of the query service contains credentials.", "Set the key as LOOKALIKE_API_KEY.")
    return parts.hostname or ""


def _check_key(api_key: str) -> None:
    if not api_key or UNSENDABLE.search(api_key):
        raise BadSetting("The API key contains characters that HTTP cannot carry.", "Correct LOOKALIKE_API_KEY.")


def _pause_s(response: httpx2.Response) -> float | None:
    """The pause before a retry, in seconds; None if the service did not ask for one, or for one that is too long."""
    after = response.headers.get("Retry-After", "")
    if response.status_code not in TEMPORARY or not re.fullmatch(r"\d{1,3}", after, re.ASCII):
        return None
    return float(after) if float(after) <= MAX_PAUSE_S else None

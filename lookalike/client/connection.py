"""Requests to the query service: the key, patience with a busy service, and what its refusals mean; knows no route."""

import re
import time
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from lookalike.client.wire import Problem, parse
from lookalike.errors import AccessDenied, BadSetting, LookalikeError, QueryServiceUnavailable
from lookalike.settings import UNSENDABLE, is_loopback, plain_address
from lookalike.tls import demand_secrecy, distrust, tls_context

Answer = TypeVar("Answer")

#: A service that runs takes a connection at once; one that is away should be told of soon.
CONNECT_TIMEOUT_S = 5.0
#: How often a request is made again when the service asks to come back, and the longest it may ask us to wait.
RETRIES = 2
LONGEST_PAUSE_S = 5.0
#: What passes: the service's own 503, and what proxies in front of it say.
PASSING = {429, 502, 503, 504}
DENIED = {401, 403}
_ADVICE = "Write https://host:port in LOOKALIKE_API_URL."


class Connection:
    """Keeps the key to itself: it goes to this one service, follows no redirect and stands in no message."""

    def __init__(
        self, url: str, api_key: str | None, *, timeout_s: float, ca_certs: str | None, insecure: bool
    ) -> None:
        host = _host(url)
        self.address = plain_address(url).rstrip("/")
        if api_key is not None:
            _check_key(api_key)
            if self.address.startswith("http:"):
                demand_secrecy("The API key", self.address, host, secure="https", insecure=insecure)
        self._http = httpx2.Client(
            base_url=self.address,
            headers={b"Authorization": b"Bearer " + api_key.encode()} if api_key is not None else None,
            timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
            verify=True if ca_certs is None else tls_context(ca_certs),
            # Or a proxy of the environment would be handed what must not leave this machine.
            trust_env=not is_loopback(host),
            follow_redirects=False,
        )

    def ask(self, kind: type[Answer], method: str, path: str, *, retries: int = RETRIES, **content: Any) -> Answer:
        """The answer as `kind`. Raises as `Client` does."""
        response = self._asked(method, path, retries, content)
        answer = parse(kind, response.content)
        if answer is None:
            raise self._stranger(response)
        return answer

    def fetch(self, path: str, **content: Any) -> bytes:
        """The bytes of an image. Raises as `Client` does."""
        response = self._asked("GET", path, RETRIES, content)
        if not response.headers.get("Content-Type", "").startswith("image/"):
            raise self._stranger(response)
        return response.content

    def close(self) -> None:
        self._http.close()

    def _asked(self, method: str, path: str, retries: int, content: dict[str, Any]) -> httpx2.Response:
        response = self._sent(method, path, content)
        while retries and (pause_s := _pause_s(response)) is not None:
            time.sleep(pause_s)
            response = self._sent(method, path, content)
            retries -= 1
        if not response.is_success:
            raise self._error(response)
        return response

    def _sent(self, method: str, path: str, content: dict[str, Any]) -> httpx2.Response:
        try:
            return self._http.request(method, path, **content)
        except httpx2.TimeoutException as error:
            raise QueryServiceUnavailable(self.address, "it does not answer in time") from error
        except httpx2.RequestError as error:
            if refused := distrust(error, self.address):
                raise refused from error
            why = str(error).removesuffix(".") or type(error).__name__
            raise QueryServiceUnavailable(self.address, why) from error
        except (httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise BadSetting("What is asked for cannot be written into a URL.") from error

    def _error(self, response: httpx2.Response) -> LookalikeError:
        problem = parse(Problem, response.content)
        if response.status_code in PASSING:
            why = problem.sentence if problem else f"HTTP {response.status_code}"
            return QueryServiceUnavailable(self.address, why.removesuffix("."))
        if problem is None:
            return self._stranger(response)
        if response.status_code in DENIED:
            why = "turns our API key down" if "Authorization" in self._http.headers else "asks for an API key"
            advice = "Set LOOKALIKE_API_KEY to the key of that service."
            return AccessDenied(f"The query service at {self.address} {why}.", advice)
        return problem.error

    def _stranger(self, response: httpx2.Response) -> BadSetting:
        what = f"What answers at {self.address} is not the query service, or one of another version"
        return BadSetting(f"{what} (HTTP {response.status_code}).", "Correct LOOKALIKE_API_URL.")


def _host(url: str) -> str:
    """Raises BadSetting for what leads to no service, without repeating it: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL) as error:
        raise BadSetting("The URL of the query service cannot be understood.", _ADVICE) from error
    if not usable or parts.query or parts.fragment:
        raise BadSetting("The URL of the query service cannot be understood.", _ADVICE)
    if "@" in parts.netloc:
        raise BadSetting("The URL of the query service holds credentials.", "Put the key into LOOKALIKE_API_KEY.")
    return parts.hostname or ""


def _check_key(api_key: str) -> None:
    if not api_key or UNSENDABLE.search(api_key):
        raise BadSetting("The API key has a character that HTTP cannot carry.", "Correct LOOKALIKE_API_KEY.")


def _pause_s(response: httpx2.Response) -> float | None:
    """How long to wait before asking again; None where that was not asked for, or is too long."""
    after = response.headers.get("Retry-After", "")
    if response.status_code not in PASSING or not re.fullmatch(r"\d{1,3}", after, re.ASCII):
        return None
    return float(after) if float(after) <= LONGEST_PAUSE_S else None

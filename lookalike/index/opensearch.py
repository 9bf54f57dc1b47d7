"""One OpenSearch server: requests in, JSON or our own errors out; the only place that knows opensearchpy."""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from opensearchpy import OpenSearch
from opensearchpy import exceptions as client_errors

from lookalike.errors import BadSetting, IndexUnavailable, LookalikeError
from lookalike.index.address import Address
from lookalike.index.base import IndexOptions
from lookalike.index.verdict import Verdict, failure, judge, reason


class Server:
    """One OpenSearch: requests in, JSON or our own errors out. Nothing is retried here."""

    def __init__(self, place: Address, options: IndexOptions) -> None:
        # Whatever it logs we raise; its own lines carry tracebacks onto people's terminals.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        self._address = str(place)
        security: dict[str, Any] = {}
        if place.scheme == "https":
            security = {"use_ssl": True, "verify_certs": options.verify_certs, "ssl_show_warn": False}
            security["ca_certs"] = options.ca_certs
        self._client = OpenSearch(
            [{"host": place.host, "port": place.port, "url_prefix": place.path}],
            http_auth=None if place.user is None else (place.user, place.password),
            timeout=options.timeout_s,
            max_retries=0,
            retry_on_timeout=False,
            # The client's gzip takes 0.65 s of CPU to make 3.5 MB into 1.3 MB: longer than a network takes.
            http_compress=False,
            **security,
        )

    def __str__(self) -> str:
        return self._address

    def call(self, method: str, path: str, body: Any = None, *, name: str = "", **parameters: str) -> Any:
        """The answer's JSON. Bytes go as they are. Raises our errors; `name` is the index they speak of."""
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        try:
            return self._client.transport.perform_request(method, path, params=parameters, body=body)
        except client_errors.OpenSearchException as error:
            raise self._translated(error, name) from error

    def failure(self, status: int, error: Any, name: str) -> LookalikeError:
        """Our error for what the server answered to a whole request."""
        verdict = judge(status, error)
        return failure(verdict, self._address, name, reason(status, error))

    def close(self) -> None:
        self._client.close()

    def _translated(self, error: Exception, name: str) -> LookalikeError:
        if isinstance(error, client_errors.SSLError):
            return BadSetting(
                f"No trusted connection to {self._address}: {_cause(error)}.",
                "Name its certificate authority (LOOKALIKE_CA_CERTS), or correct LOOKALIKE_INDEX_URL.",
            )
        if isinstance(error, client_errors.ConnectionTimeout):
            return IndexUnavailable(self._address, "it did not answer in time")
        if isinstance(error, client_errors.ConnectionError):
            return IndexUnavailable(self._address, _cause(error))
        if isinstance(error, client_errors.TransportError) and isinstance(error.status_code, int):
            details = error.info.get("error", error.error) if isinstance(error.info, Mapping) else error.error
            return self.failure(error.status_code, details, name)
        return failure(Verdict.CONFLICT, self._address, name, "its answer is not JSON")


def _cause(error: client_errors.ConnectionError) -> str:
    """The last words of urllib3's long sentence: "Connection refused" and the like."""
    return str(error.error).rpartition(": ")[2].strip(" .')") or "no connection"

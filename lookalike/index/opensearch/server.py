"""One OpenSearch server: requests in, JSON or our own errors out; the only place that knows opensearchpy."""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from opensearchpy import Connection, OpenSearch
from opensearchpy import exceptions as client_errors

from lookalike.errors import BadSetting, IndexUnavailable, LookalikeError
from lookalike.index.base import IndexOptions
from lookalike.index.opensearch.address import Address
from lookalike.index.opensearch.status import Verdict, failure, judge, reason
from lookalike.tls import distrust, tls_context


class Server:
    """One OpenSearch: requests in, JSON or our own errors out. Nothing is retried here."""

    def __init__(self, place: Address, options: IndexOptions) -> None:
        # Whatever it logs we raise; its own lines carry tracebacks onto people's terminals.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        # It warns of connections beyond those it keeps, which are closed: that is how it should be.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        self._address = str(place)
        self._client = OpenSearch(
            [{"host": place.host, "port": place.port, "url_prefix": place.path}],
            http_auth=_credentials(place, options),
            timeout=options.timeout_s,
            max_retries=0,
            retry_on_timeout=False,
            # The client's gzip takes 0.65 s of CPU to make 3.5 MB into 1.3 MB: longer than a network takes.
            http_compress=False,
            **_encryption(place, options),
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
        if refused := distrust(error, self._address):
            return refused
        if isinstance(error, client_errors.ConnectionTimeout):
            return IndexUnavailable(self._address, "it did not answer in time")
        if isinstance(error, client_errors.ConnectionError):
            return IndexUnavailable(self._address, _cause(error))
        if isinstance(error, client_errors.TransportError) and isinstance(error.status_code, int):
            return self.failure(error.status_code, _details(error), name)
        return failure(Verdict.CONFLICT, self._address, name, "its answer is not JSON")


def _encryption(place: Address, options: IndexOptions) -> dict[str, Any]:
    """The client's arguments for https. Raises BadSetting."""
    if place.scheme != "https":
        return {}
    # Without authorities of ours those of the environment or of certifi: a container may have no others.
    authorities = options.ca_certs or Connection.default_ca_certs()
    return {"use_ssl": True, "ssl_context": tls_context(authorities, options.client_cert, options.client_key)}


def _credentials(place: Address, options: IndexOptions) -> Any:
    """User and password, or what signs each request, or nothing. Raises BadSetting."""
    if options.aws_region is None:
        return None if place.user is None else (place.user, place.password)
    if place.scheme != "https" or place.user is not None:
        what = f"Requests to {place} cannot be signed for AWS: it takes https, without a user in the URL."
        raise BadSetting(what, "Correct LOOKALIKE_INDEX_URL, or unset LOOKALIKE_AWS_REGION.")
    from lookalike.index.opensearch.aws import signer

    return signer(options.aws_region, options.aws_service)


def _details(error: client_errors.TransportError) -> Any:
    """What the server said: OpenSearch's error object, the sentence of a gateway before it, or the plain answer."""
    if not isinstance(error.info, Mapping):
        return error.error
    said = error.info.get("error") or error.info.get("message") or error.info.get("Message") or error.error
    # Below its first line, AWS repeats the request that it tried to verify.
    return said.partition("\n")[0] if isinstance(said, str) else said


def _cause(error: client_errors.ConnectionError) -> str:
    """The last words of urllib3's long sentence: "Connection refused" and the like."""
    return str(error.error).rpartition(": ")[2].strip(" .')") or "no connection"

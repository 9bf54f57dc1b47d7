"""Sends requests to one OpenSearch server and returns JSON, or raises lookalike's errors.

Only this module and `aws` import opensearchpy.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from opensearchpy import Connection, OpenSearch
from opensearchpy import exceptions as client_errors

from lookalike.errors import (
    AccessDenied,
    BadSetting,
    IndexConflict,
    IndexMissing,
    IndexUnavailable,
    LookalikeError,
    ShardsMissing,
)
from lookalike.exhaustion import machine_error
from lookalike.index.opensearch.address import Address
from lookalike.index.opensearch.status import ResponseKind, classify, error_for, is_whole, reason_of, what_is_missing
from lookalike.index.options import IndexOptions
from lookalike.tls import tls_context, tls_error

Answer = TypeVar("Answer")


class Server:
    """A connection to one OpenSearch server. It retries nothing."""

    def __init__(self, address: Address, options: IndexOptions) -> None:
        # The client logs with a traceback what it also raises.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        # It warns about every connection above the size of its pool, which is harmless.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        self._address = str(address)
        self._client = OpenSearch(
            [{"host": address.host, "port": address.port, "url_prefix": address.path}],
            http_auth=_credentials(address, options),
            timeout=options.timeout_s,
            max_retries=0,
            retry_on_timeout=False,
            # The client's gzip takes 0.65 s of CPU for 3.5 MB, longer than sending them uncompressed.
            http_compress=False,
            **_encryption(address, options),
        )

    def __str__(self) -> str:
        return self._address

    def call(self, method: str, path: str, body: Any = None, *, name: str = "", **parameters: str) -> Any:
        """The JSON of the response. `body` is JSON, or bytes to send unchanged; `name` is the index for error messages.

        Raises IndexUnavailable, AccessDenied, IndexMissing, IndexConflict, BadSetting."""
        return self.read(lambda answer: answer, method, path, body, name=name, **parameters)

    def read(
        self,
        reader: Callable[[Any], Answer],
        method: str,
        path: str,
        body: Any = None,
        *,
        name: str = "",
        **parameters: str,
    ) -> Answer:
        """What `reader` makes of the JSON of the response. An IndexMissing that it raises counts as one that the whole
        request raises: a node that starts answers so, too. Raises as `call` does, and what `reader` raises."""
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)

        def ask() -> Answer:
            return reader(self._call(method, path, body, name, parameters))

        try:
            return ask()
        except IndexMissing:
            if not name:
                raise
        self._await_recovery(name)
        return ask()

    def query(self, path: str, body: Any, *, name: str, **parameters: str) -> Any:
        """As `call`, the response to a search or a count. Raises also ShardsMissing, if a shard is missing in it."""
        answer = self.call("POST", path, body, name=name, **parameters)
        if not is_whole(answer):
            raise ShardsMissing(self._address, what_is_missing(answer))
        return answer

    def _await_recovery(self, name: str) -> None:
        """Wait until the server knows its indexes: a node that starts answers that any single one is missing. A request
        for a pattern, which none need match, it answers later, or as unavailable."""
        with suppress(AccessDenied, BadSetting, IndexConflict, IndexMissing):
            self._call("GET", f"/{name}*/_settings/index.uuid", None, name, {})

    def _call(self, method: str, path: str, body: bytes | None, name: str, parameters: dict[str, str]) -> Any:
        try:
            return self._client.transport.perform_request(method, path, params=parameters, body=body)
        except client_errors.OpenSearchException as error:
            raise self._translated(error, name) from error

    def error_for(self, status: int, error: Any, name: str) -> LookalikeError:
        """The error to raise for a response to a whole request."""
        return error_for(classify(status, error), self._address, name, reason_of(status, error))

    def close(self) -> None:
        self._client.close()

    def _translated(self, error: Exception, name: str) -> LookalikeError:
        if ours := machine_error(error) or tls_error(error, self._address):
            return ours
        if isinstance(error, client_errors.ConnectionTimeout):
            return IndexUnavailable(self._address, "no response within the timeout")
        if isinstance(error, client_errors.ConnectionError):
            return IndexUnavailable(self._address, _cause(error))
        if isinstance(error, client_errors.TransportError) and isinstance(error.status_code, int):
            return self.error_for(error.status_code, _details(error), name)
        return error_for(ResponseKind.CONFLICT, self._address, name, "the response is not JSON")


def _encryption(address: Address, options: IndexOptions) -> dict[str, Any]:
    """The client's arguments for https. Raises BadSetting."""
    if address.scheme != "https":
        return {}
    # By default those of the environment or of certifi: a container may have no others.
    authorities = options.ca_certs or Connection.default_ca_certs()
    return {"use_ssl": True, "ssl_context": tls_context(authorities, options.client_cert, options.client_key)}


def _credentials(address: Address, options: IndexOptions) -> Any:
    """User and password, or a signer for AWS, or None. Raises BadSetting."""
    if options.aws_region is None:
        return None if address.user is None else (address.user, address.password)
    if address.scheme != "https" or address.user is not None:
        what = f"Requests to {address} cannot be signed for AWS: the URL must be https and must not contain a user."
        raise BadSetting(what, "Correct LOOKALIKE_INDEX_URL, or unset LOOKALIKE_AWS_REGION.")
    from lookalike.index.opensearch.aws import signer

    return signer(options.aws_region, options.aws_service)


def _details(error: client_errors.TransportError) -> Any:
    """OpenSearch's error object, the message of a gateway in front of it, or the text of the response."""
    if not isinstance(error.info, Mapping):
        return error.error
    details = error.info.get("error") or error.info.get("message") or error.info.get("Message") or error.error
    # After the first line, AWS repeats the request that it tried to verify.
    return details.partition("\n")[0] if isinstance(details, str) else details


def _cause(error: client_errors.ConnectionError) -> str:
    """The last words of urllib3's long message, such as "Connection refused"."""
    words = str(error.error).rpartition(": ")[2].strip(" .'")
    # What closes the message around the words, and not what they have opened.
    while words.endswith(")") and words.count(")") > words.count("("):
        words = words[:-1].rstrip(" .'")
    return words or "no connection"

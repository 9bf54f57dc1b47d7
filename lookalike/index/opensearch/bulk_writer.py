"""Sends bulk requests to one OpenSearch index, and retries the operations that it pushes back."""

import time
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from tenacity import Retrying, retry_if_exception_type, stop_before_delay, wait_random_exponential

from lookalike.errors import IndexUnavailable
from lookalike.index.opensearch import bulk
from lookalike.index.opensearch.server import Server
from lookalike.index.opensearch.status import ResponseKind, error_for
from lookalike.records import Rejected

#: The n-th pause between retries is random in [0, FIRST_PAUSE_S * 2**n], at most LONGEST_PAUSE_S.
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
#: The parts of a response that `bulk.read_response` reads.
RESPONSE_FILTER = "items.*.status,items.*.error,items.*.result,items.*._id"


class _PushedBack(Exception):
    """Some operations of a request have to be sent again."""


class Sent(NamedTuple):
    """Documents that the index rejects, and ids of those that others wrote before a conditional operation."""

    rejected: list[Rejected]
    overtaken: frozenset[str]


class BulkWriter:
    """Writes through `alias` to the index `name`. It never creates an index: a missing alias is an error."""

    def __init__(self, server: Server, name: str, alias: str, retry_s: float) -> None:
        self._server = server
        self._name = name
        self._alias = alias
        self._retry_s = retry_s

    def send(self, operations: Iterable[bulk.Operation]) -> "Sent":
        """Send the operations in requests of a suitable size.

        Raises IndexUnavailable if operations are still pushed back after `retry_s`."""
        deadline = time.monotonic() + self._retry_s
        groups = bulk.split(operations)
        results = [self._send_until(deadline, group) for group in groups]
        return Sent(
            [item for result in results for item in result.rejected],
            frozenset().union(*(result.overtaken for result in results)),
        )

    def _send_until(self, deadline: float, operations: list[bulk.Operation]) -> bulk.BulkResult:
        whole = bulk.BulkResult()
        try:
            for attempt in _attempts(deadline - time.monotonic()):
                with attempt:
                    result = self._send_once(operations)
                    whole.rejected += result.rejected
                    whole.overtaken |= result.overtaken
                    operations = result.retry
                    if operations:
                        raise _PushedBack(result.why)
        except _PushedBack as error:
            raise error_for(ResponseKind.RETRY, str(self._server), self._name, str(error)) from error
        return whole

    def _send_once(self, operations: list[bulk.Operation]) -> bulk.BulkResult:
        body = b"".join(operation.body for operation in operations)
        try:
            parameters = {"require_alias": "true", "filter_path": RESPONSE_FILTER}
            read = partial(self._read, operations)
            return self._server.read(read, "POST", f"/{self._alias}/_bulk", body, name=self._name, **parameters)
        except IndexUnavailable as error:
            return bulk.BulkResult(retry=operations, why=error.why)

    def _read(self, operations: list[bulk.Operation], response: Any) -> bulk.BulkResult:
        try:
            return bulk.read_response(operations, response["items"])
        except bulk.BulkFailed as error:
            raise error_for(error.kind, str(self._server), self._name, error.why) from error


def _attempts(limit_s: float) -> Retrying:
    # Full jitter, so that workers that were pushed back at the same time do not retry at the same time.
    return Retrying(
        retry=retry_if_exception_type(_PushedBack),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
        stop=stop_before_delay(limit_s),
        reraise=True,
    )

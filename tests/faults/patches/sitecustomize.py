"""Patches the product in its own processes, which have this folder on their PYTHONPATH.

FAULT_PATCHES lists the patches ("poison,no_reconciler"). Each one changes some modules right after their import, so the
product needs no hooks for tests. FAULT_DECODE_S is how much longer it takes to decode an image: a process that is
killed is then in the middle of its work.
"""

import dataclasses
import importlib.abc
import importlib.machinery
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

POISON = b"POISON:"
#: Module -> waiting times that `make test` shortens. `make faults` keeps the real ones.
SHORT_WAITS: Mapping[str, Mapping[str, float]] = {
    "billiard.pool": {"LOST_WORKER_TIMEOUT": 2.0},
    "lookalike.ledger.chunks": {"LEASE_S": 4},
    "lookalike.ledger.connection": {"TIMEOUT_S": 3.0},
    "lookalike.ledger.jobs": {"PRODUCER_LEASE_S": 6},
    "lookalike.reconciler": {"GRACE_S": 4.0, "RESEND_EVERY_S": 6},
    "lookalike_producer.job_watch": {"RECONCILE_EVERY_S": 1.0},
    "lookalike_producer.jobs": {"HEARTBEAT_EVERY_S": 1.0},
    "lookalike_worker.tasks": {"MAX_BACKOFF_S": 4.0, "HELD_PAUSE_S": 1.0},
    "lookalike_worker.watchdog": {"EVERY_S": 1.0},
    "lookalike.host_wait": {"FIRST_PAUSE_S": 1.0, "LONGEST_PAUSE_S": 4.0},
    "lookalike.reading.hosts": {"LONGEST_AWAY_S": 8.0, "LONGEST_PATIENCE_S": 6.0},
    "lookalike.reading.web.requests": {"ROBOTS_S": 5.0},
    "lookalike.reading.stores.retrying": {"PATIENCE_S": 3.0},
}
SHORT_SOCKET_TIMEOUT_S = 3


def replace(owner: Any, name: str, value: Any) -> None:
    """Set an existing attribute. A patch for a name that has moved must fail."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}: change tests/faults/patches/sitecustomize.py")
    setattr(owner, name, value)


def poison(images: Any) -> None:
    """Kill or hang the process that decodes a file, if the last bytes of the file ask for it."""
    whole = images.decode

    def decode(data: bytes, **options: Any) -> Any:
        kind = data.rpartition(POISON)[2] if POISON in data[-64:] else b""
        if kind == b"segmentation-fault":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif kind == b"abort":
            os.abort()
        elif kind == b"hang":
            _hang()
        return whole(data, **options)

    images.decode = decode


def _hang() -> NoReturn:
    """Hang like C code: no exception ends it."""
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            continue


def slow(images: Any) -> None:
    whole = images.decode

    def decode(data: bytes, **options: Any) -> Any:
        time.sleep(float(os.environ["FAULT_DECODE_S"]))
        return whole(data, **options)

    images.decode = decode


def early_acknowledgement(queue: Any) -> None:
    """Celery's default: a message is acknowledged before its work is done."""
    whole = queue._delivery

    def _delivery(*arguments: Any) -> dict[str, object]:
        return {**whole(*arguments), "task_acks_late": False, "task_reject_on_worker_lost": False}

    queue._delivery = _delivery


def no_reconciler(ledger: Any) -> None:
    """The reconciler never finds a lost chunk."""
    replace(ledger.Ledger, "unleased", lambda self, job_id: [])


def random_ids(chunk: Any) -> None:
    whole = chunk.document_of

    def document_of(*arguments: Any) -> Any:
        return dataclasses.replace(whole(*arguments), id=secrets.token_hex(20))

    chunk.document_of = document_of


def kept_documents(chunk: Any) -> None:
    """The document of an image that its file no longer holds stays in the index."""
    replace(chunk._Attempt, "_discard", lambda self, references: set())


def lists_of_their_own(chunks: Any) -> None:
    """Each job lists its rejected images without a look at the lists of earlier jobs."""
    whole = chunks._close_keys

    def _close_keys(chunk: Any, host: str, place: str) -> list[str]:
        return list(whole(chunk, host, f"{chunk.job} {place}"))

    chunks._close_keys = _close_keys


def default_bulk(bulk_writer: Any) -> None:
    """Use the bulk helper of the client library, as in its documentation."""
    import orjson
    from opensearchpy import helpers

    def send(self: Any, operations: Any) -> list[Any]:
        actions = []
        for operation in operations:
            _, source, _ = operation.body.split(b"\n")
            actions.append({"_index": self._alias, "_id": operation.id, "_source": orjson.loads(source)})
        helpers.bulk(self._server._client, actions)
        return []

    replace(bulk_writer.BulkWriter, "send", send)


def no_host_wait(host_wait: Any) -> None:
    """An image that did not come is rejected at once."""
    replace(host_wait.HostWait, "next", lambda self, delayed: None)


def short_listings(s3: Any) -> None:
    """A page that does not come is the end of a listing."""
    whole = s3.S3Client._page

    async def _page(self: Any, at: Any, query: Any) -> Any:
        try:
            return await whole(self, at, query)
        except s3.StoreProblem:
            return s3.Page([])

    replace(s3.S3Client, "_page", _page)


def _shorten(waits: Mapping[str, float], module: Any) -> None:
    for name, seconds in waits.items():
        replace(module, name, seconds)


def _shorten_grace(reconciler: Any) -> None:
    """Change the default of the argument too: Python has already evaluated it."""
    replace(reconciler.Reconciler.__init__, "__defaults__", (SHORT_WAITS["lookalike.reconciler"]["GRACE_S"],))


def _shorten_timeouts(queue: Any) -> None:
    whole = queue._transport

    def _transport(*arguments: Any) -> dict[str, object]:
        # The health check of a connection counts as well: a worker's next one may be this far away after an outage.
        timeouts = ("socket_timeout", "socket_connect_timeout", "health_check_interval")
        return {**whole(*arguments), **dict.fromkeys(timeouts, SHORT_SOCKET_TIMEOUT_S)}

    queue._transport = _transport


Patch = Callable[[Any], None]
PATCHES: Mapping[str, list[tuple[str, Patch]]] = {
    "poison": [("lookalike.images", poison)],
    "slow": [("lookalike.images", slow)],
    "early_acknowledgement": [("lookalike.queue", early_acknowledgement)],
    "no_reconciler": [("lookalike.ledger.ledger", no_reconciler)],
    "random_ids": [("lookalike.pipeline.chunk", random_ids)],
    "kept_documents": [("lookalike.pipeline.chunk", kept_documents)],
    "lists_of_their_own": [("lookalike.ledger.chunks", lists_of_their_own)],
    "default_bulk": [("lookalike.index.opensearch.bulk_writer", default_bulk)],
    "no_host_wait": [("lookalike.host_wait", no_host_wait)],
    "short_listings": [("lookalike.reading.stores.s3", short_listings)],
    "short_waits": [
        *((name, partial(_shorten, waits)) for name, waits in SHORT_WAITS.items()),
        ("lookalike.reconciler", _shorten_grace),
        ("lookalike.queue", _shorten_timeouts),
    ],
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds modules like Python's own finder, and patches them after their import."""

    def __init__(self, wanted: list[tuple[str, Patch]]) -> None:
        self.wanted = wanted

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        patches = [patch for module, patch in self.wanted if module == name]
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if patches else None
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                for patch in patches:
                    patch(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if names := [name for name in os.environ.get("FAULT_PATCHES", "").split(",") if name]:
    sys.meta_path.insert(0, Finder([patch for name in names for patch in PATCHES[name]]))

"""Faults inside the product's processes: on their PYTHONPATH, so that the product itself needs no hook for tests.

FAULT_PATCHES names what to break ("poison,no_reconciler"): each is a change to one module, made right after its import.
FAULT_DECODE_S is how much longer an image takes to decode, so that whatever is killed was in the middle of its work.
"""

import dataclasses
import importlib.abc
import importlib.machinery
import os
import secrets
import signal
import sys
import time
from typing import Any, NoReturn

POISON = b"POISON:"


def poison(images: Any) -> None:
    """The last bytes of a file say what it does to the process that decodes it."""
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
    """As C code hangs: no exception thrown into it changes anything."""
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
    """Celery's default: acknowledged before the work is done."""
    whole = queue._delivery

    def _delivery(*arguments: Any) -> dict[str, object]:
        return {**whole(*arguments), "task_acks_late": False, "task_reject_on_worker_lost": False}

    queue._delivery = _delivery


def no_reconciler(ledger: Any) -> None:
    """Nothing that the ledger holds outstanding is ever seen to be missing."""
    ledger.Ledger.unattended = lambda self, job_id: []


def random_ids(pipeline: Any) -> None:
    whole = pipeline._document

    def _document(*arguments: Any) -> Any:
        return dataclasses.replace(whole(*arguments), id=secrets.token_hex(20))

    pipeline._document = _document


def default_bulk(bulk_writer: Any) -> None:
    """The client library's own helper, as its documentation calls it."""
    import orjson
    from opensearchpy import helpers

    def send(self: Any, operations: Any) -> list[Any]:
        actions = []
        for operation in operations:
            _, source, _ = operation.body.split(b"\n")
            actions.append({"_index": self._name, "_id": operation.id, "_source": orjson.loads(source)})
        helpers.bulk(self._server._client, actions)
        return []

    bulk_writer.BulkWriter.send = send


PATCHES = {
    "poison": ("lookalike.images", poison),
    "slow": ("lookalike.images", slow),
    "early_acknowledgement": ("lookalike.queue", early_acknowledgement),
    "no_reconciler": ("lookalike.ledger.ledger", no_reconciler),
    "random_ids": ("lookalike.pipeline", random_ids),
    "default_bulk": ("lookalike.index.opensearch.bulk_writer", default_bulk),
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules to be patched as Python would, and patches them once they have run."""

    def __init__(self, wanted: list[tuple[str, Any]]) -> None:
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
    sys.meta_path.insert(0, Finder([PATCHES[name] for name in names]))

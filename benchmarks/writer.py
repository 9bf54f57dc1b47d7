"""Writes synthetic documents in a separate process, like a worker, in one of the ways to send them."""

import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from functools import cache, partial
from multiprocessing import get_context

import numpy as np

from benchmarks import ways
from benchmarks.grpc_bulk import Grpc, GrpcSmile, NoGrpc
from lookalike.errors import LookalikeError
from lookalike.records import Document, ModelIdentity
from lookalike_evaluation.synthetic import clustered

INDEX = "bulk"
#: The largest error of rounding to seven decimals.
TOLERANCE = 1e-6
#: Name in the tables -> way to send. Each way but the first is ours with one change.
WAYS: dict[str, type[ways.Ours]] = {
    "ours (JSON)": ways.Ours,
    "gzip, level 9": ways.Gzipped,
    "gzip, level 1": ways.GzippedFast,
    "7 decimals": ways.Rounded,
    "base64 vectors": ways.Base64,
    "gRPC": Grpc,
    "JSON kept whole": ways.WholeSource,
    "SMILE kept whole": ways.Smile,
    "gRPC, SMILE kept whole": GrpcSmile,
}
MODEL: ModelIdentity = clustered(1).model


class Writer:
    """One process that keeps its documents and connections between loads."""

    def __init__(self, url: str, grpc_port: int) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._write = partial(_write, url, grpc_port)

    def begin(self, way: str, documents: range, size: int) -> Future[float]:
        """Write these synthetic documents, `size` per request; returns the CPU seconds that it took."""
        return self._pool.submit(self._write, way, documents, size)

    def close(self) -> None:
        self._pool.shutdown()


def open_way(way: str, url: str, grpc_port: int) -> ways.Ours:
    """Open the benchmark's index for writes in this way. Raises NoGrpc."""
    kind = WAYS[way]
    return kind(url, INDEX, grpc_port) if issubclass(kind, Grpc) else kind(url, INDEX)


def refusal(way: str, url: str, grpc_port: int) -> str:
    """Why a document cannot be sent this way, or "". Leaves the index behind."""
    try:
        with closing(open_way(way, url, grpc_port)) as index:
            index.ensure(MODEL)
            (document,) = _documents(1)
            if rejected := index.write([document]):
                return f"the server rejects it ({rejected[0].detail})"
            kept = index.get(document.id)
    except (LookalikeError, NoGrpc) as error:
        return " ".join(str(error).split())
    is_kept = kept is not None and np.allclose(kept.image_embedding, document.image_embedding, atol=TOLERANCE)
    return "" if is_kept else "the server stores another vector than the one that was sent"


def _write(url: str, grpc_port: int, way: str, documents: range, size: int) -> float:
    index, written = _opened(way, url, grpc_port), _documents(documents.stop)
    began_s = time.process_time()
    for start in range(documents.start, documents.stop, size):
        assert index.write(written[start : min(start + size, documents.stop)]) == []
    return time.process_time() - began_s


_opened = cache(open_way)


@cache
def _documents(count: int) -> tuple[Document, ...]:
    return clustered(count).documents

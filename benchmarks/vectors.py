"""Fills an index of any size with vectors that form clusters, like those of images."""

import time
from dataclasses import replace

from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike_evaluation.synthetic import clustered
from testing.services.opensearch import request

WRITE_SIZE = 500
#: A merge starts within seconds of the write that makes it due.
CALM_S = 5.0


def fill(index: Index, model: ModelIdentity, count: int) -> None:
    """Write `count` documents and refresh the index."""
    synthetic = clustered(count, dimension=model.dimension).documents
    for start in range(0, count, WRITE_SIZE):
        part = synthetic[start : start + WRITE_SIZE]
        assert index.write([replace(document, model=model.fingerprint) for document in part]) == []
    index.end_load()


def await_merged(url: str) -> float:
    """Return when OpenSearch no longer merges what was written, which would be measured with the searches.

    The seconds from now to the end of the last merge.
    """
    began = calm_since = time.monotonic()
    while time.monotonic() - calm_since < CALM_S:
        stats = request(url, "GET", "/_stats/merge?filter_path=_all.primaries.merges.current")
        if stats["_all"]["primaries"]["merges"]["current"]:
            calm_since = time.monotonic()
        time.sleep(0.2)
    return calm_since - began

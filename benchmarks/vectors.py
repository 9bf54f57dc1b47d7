"""Fills an index of any size with vectors that form clusters, like those of images."""

import time
from dataclasses import replace

from lookalike.index import Index
from lookalike.records import ModelIdentity
from lookalike_evaluation.synthetic import clustered
from testing.services.opensearch import request

WRITE_SIZE = 500
#: A write starts a merge within seconds.
IDLE_S = 5.0


def fill(index: Index, model: ModelIdentity, count: int) -> None:
    """Write `count` documents and refresh the index."""
    synthetic = clustered(count, dimension=model.dimension).documents
    for start in range(0, count, WRITE_SIZE):
        part = synthetic[start : start + WRITE_SIZE]
        assert index.write([replace(document, model=model.fingerprint) for document in part]) == []
    index.end_load()


def await_merged(url: str) -> float:
    """Wait until OpenSearch has no running merge, because a merge would slow down the measured searches.

    Returns the seconds until the end of the last merge.
    """
    began = idle_since = time.monotonic()
    while time.monotonic() - idle_since < IDLE_S:
        stats = request(url, "GET", "/_stats/merge?filter_path=_all.primaries.merges.current")
        if stats["_all"]["primaries"]["merges"]["current"]:
            idle_since = time.monotonic()
        time.sleep(0.2)
    return idle_since - began

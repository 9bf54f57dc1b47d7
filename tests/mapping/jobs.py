"""A map as the ledger records it while it is made."""

import time
from typing import Any

from lookalike.ledger import Job, JobKind, JobState
from lookalike.ledger.job import new_job_id


def map_job(**changes: Any) -> Job:
    """A new one, of which 12 of 96 images have a place."""
    now = time.time()
    values: dict[str, Any] = {
        "id": new_job_id(now),
        "kind": JobKind.MAP,
        "state": JobState.MAPPING,
        "source": "map of images-v1",
        "index": "images",
        "index_address": "lancedb:///i",
        "version": "images-v1",
        "model": "efficientnet-lite0",
        "fingerprint": "f" * 16,
        "spec": "",
        "started_at": now - 60,
        "reported_at": now,
        "ended_at": None,
        "found": 96,
        "placed": 12,
        "error": "",
    }
    counts = dict.fromkeys(("indexed", "unchanged", "rejected", "resent"), 0)
    return Job(**(values | counts | changes))

"""Force-merges an OpenSearch index, as a task of the server whose progress is polled."""

import time
from collections.abc import Iterator

from lookalike.errors import IndexConflict, IndexUnavailable, ShardsMissing
from lookalike.index.opensearch.server import Server
from lookalike.shown import clause

#: How often a running merge is polled.
POLL_S = 0.25


def merge(server: Server, version: str, name: str, segments: int) -> Iterator[int]:
    """Merge every shard down to `segments`; yields the segments of the index before, during and after the merge.

    Raises IndexUnavailable if the node that runs the merge is lost, IndexConflict if the merge fails.
    """
    yield _segments(server, version, name)
    task = start(server, version, name, segments)
    while not _is_done(server, task, name):
        yield _segments(server, version, name)
        time.sleep(POLL_S)
    server.call("POST", f"/{version}/_refresh", name=name)
    yield _segments(server, version, name)


def start(server: Server, version: str, name: str, segments: int) -> str:
    """Begin the merge, which the server goes on with; returns its task."""
    options = {"max_num_segments": str(segments), "wait_for_completion": "false"}
    return str(server.call("POST", f"/{version}/_forcemerge", name=name, **options)["task"])


def _is_done(server: Server, task: str, name: str) -> bool:
    try:
        answer = server.call("GET", f"/_tasks/{task}", name=name)
    except IndexConflict as error:
        raise IndexUnavailable(str(server), "the node that ran the merge was lost; start the merge again") from error
    failed = answer.get("error") or answer.get("response", {}).get("_shards", {}).get("failures")
    if failed:
        raise IndexConflict(
            f"OpenSearch at {server} cannot merge index {name}: {clause(str(failed)[:300])}.",
            "Check the log of the node.",
        )
    return bool(answer["completed"])


def _segments(server: Server, version: str, name: str) -> int:
    indexes = server.call("GET", f"/{version}/_stats/segments", name=name)["indices"]
    if version not in indexes:
        # It has no statistics until a shard of it has started.
        raise ShardsMissing(str(server), f"no shard of index {version} has started")
    return int(indexes[version]["primaries"]["segments"]["count"])

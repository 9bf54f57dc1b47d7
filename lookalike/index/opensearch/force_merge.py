"""Force-merge of an OpenSearch index, as a task of the server that is asked after; knows nothing of documents."""

import time
from collections.abc import Iterator

from lookalike.errors import IndexConflict, IndexUnavailable
from lookalike.index.opensearch.server import Server

#: How often a running merge is looked at.
POLL_S = 0.25


def merge(server: Server, physical: str, name: str, segments: int) -> Iterator[int]:
    """Merge down to `segments` in every shard; gives the index's segments at the start, at every look and at the end.

    Raises IndexUnavailable when the merge is lost with its node, IndexConflict when it fails.
    """
    yield _segments(server, physical, name)
    options = {"max_num_segments": str(segments), "wait_for_completion": "false"}
    task = server.call("POST", f"/{physical}/_forcemerge", name=name, **options)["task"]
    while not _is_done(server, task, name):
        yield _segments(server, physical, name)
        time.sleep(POLL_S)
    server.call("POST", f"/{physical}/_refresh", name=name)
    yield _segments(server, physical, name)


def _is_done(server: Server, task: str, name: str) -> bool:
    try:
        answer = server.call("GET", f"/_tasks/{task}", name=name)
    except IndexConflict as error:
        raise IndexUnavailable(str(server), "the merge was lost with the node that ran it; start it again") from error
    failed = answer.get("error") or answer.get("response", {}).get("_shards", {}).get("failures")
    if failed:
        raise IndexConflict(f"OpenSearch at {server} cannot merge {name}: {str(failed)[:300]}", "See the node's log.")
    return bool(answer["completed"])


def _segments(server: Server, physical: str, name: str) -> int:
    answer = server.call("GET", f"/{physical}/_stats/segments", name=name)
    return int(answer["indices"][physical]["primaries"]["segments"]["count"])

"""Builds the graph of an index that was loaded without one, by a merge into one segment a shard.

A segment gives up its graph when its first vector comes, and a merge leaves a shard of one segment as it is. So one
document of each shard is written again as it is, which makes a second segment.
"""

from typing import Any

import orjson

from lookalike.index.opensearch import bulk, force_merge, multi_get
from lookalike.index.opensearch.bulk_writer import BulkWriter
from lookalike.index.opensearch.server import Server


def build(server: Server, writer: BulkWriter, version: str, name: str) -> None:
    """Start the merge, which the server goes on with. Segments get a graph again, and their documents are visible."""
    writer.send(_again(item) for item in _one_of_each_shard(server, version, name))
    server.call("POST", f"/{version}/_refresh", name=name)
    force_merge.start(server, version, name, segments=1)


def _one_of_each_shard(server: Server, version: str, name: str) -> list[dict[str, Any]]:
    """Documents with their sources, as they are now."""
    settings = server.call("GET", f"/{version}/_settings", name=name, flat_settings="true")[version]["settings"]
    ids: list[str] = []
    for shard in range(int(settings["index.number_of_shards"])):
        wanted = {"size": 1, "_source": False}
        found = server.query(f"/{version}/_search", wanted, name=name, preference=f"_shards:{shard}")
        ids += [hit["_id"] for hit in found["hits"]["hits"]]
    return list(multi_get.found(server, version, name, ids))


def _again(item: dict[str, Any]) -> bulk.Operation:
    """Write the document as it is, unless somebody has written it meanwhile."""
    action = {"_id": item["_id"], "if_seq_no": item["_seq_no"], "if_primary_term": item["_primary_term"]}
    body = orjson.dumps({"index": action}) + b"\n" + orjson.dumps(item["_source"]) + b"\n"
    return bulk.Operation(item["_id"], item["_source"]["uri"], body, is_conditional=True)

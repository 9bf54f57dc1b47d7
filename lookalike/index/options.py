"""The options of an index."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IndexOptions:
    """How to connect to an index and how to create it. LanceDB uses `ann_rows` and `retry_s` only."""

    #: `lucene` needs no native library; `faiss` crashes a node that lacks its own; `nmslib` only before OpenSearch 3.
    engine: str = "lucene"
    #: How the engine stores a vector: `none` is float32; `byte` takes a quarter of it, `fp16` half, `bit` 1/32;
    #: `flat` is `bit` without a graph.
    quantization: str = "none"
    #: `on_disk` keeps compressed vectors in memory and the full ones on disk; `` is the server's default, `in_memory`.
    mode: str = ""
    #: OpenSearch's compression level, such as `16x`; `` is the server's default.
    compression: str = ""
    #: Links per node of the HNSW graph.
    m: int = 16
    #: Candidates considered when a vector is added to the graph.
    ef_construction: int = 100
    #: Candidates considered by a search; at least k are.
    ef_search: int = 100
    #: Fewer documents in a LanceDB folder are searched exactly.
    ann_rows: int = 20_000
    shards: int = 1
    replicas: int = 0
    #: A file of certificate authorities to trust instead of the public ones.
    ca_certs: str | None = None
    #: Files of the client certificate and its key, for a server that requires one.
    client_cert: str | None = None
    client_key: str | None = None
    #: Sign requests for this AWS region, and for the AWS service `es` or `aoss`.
    aws_region: str | None = None
    aws_service: str = "es"
    #: Allow credentials over plain HTTP to another machine.
    insecure: bool = False
    #: Timeout of one request.
    timeout_s: float = 60.0
    #: How long one `write` or `delete` retries when the index pushes back.
    retry_s: float = 20.0

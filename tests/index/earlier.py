"""Indexes as releases without typed metadata made them: metadata is a map of texts, and documents have no etag."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from lookalike.index import IndexOptions, identity
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.lean_lancedb import lancedb
from lookalike.index.opensearch.vector_field import vector_field
from lookalike.records import Document
from testing.services.opensearch import request
from tests.index.documents import COSINE

TEXTS = ("id", "uri", "name", "content_sha256", "model", "ingested_at", "chunk")


def make_earlier(url: str, documents: list[Document]) -> None:
    """Create the index "images" with these documents."""
    if url.startswith("lancedb:"):
        _make_table(folder_of(url), documents)
    else:
        _make_opensearch(url, documents)


def _make_opensearch(url: str, documents: list[Document]) -> None:
    keyword = {"type": "keyword"}
    properties: dict[str, Any] = {name: keyword for name in ("name", "uri", "content_sha256", "model", "chunk")}
    properties |= {"width": {"type": "integer"}, "height": {"type": "integer"}, "ingested_at": {"type": "date"}}
    properties |= {"image_embedding": vector_field(COSINE, IndexOptions(), (3, 0, 0))}
    properties |= {"metadata": {"type": "flat_object"}}
    meta = {"lookalike": identity.to_mapping(COSINE)}
    mappings = {"dynamic": "strict", "_meta": meta, "properties": properties}
    body = {"settings": {"index": {"knn": True}}, "mappings": mappings, "aliases": {"images": {}}}
    request(url, "PUT", "/images-v1", body)
    for document in documents:
        source = {name: getattr(document, name) for name in properties} | {"metadata": dict(document.metadata)}
        source["image_embedding"] = document.image_embedding.tolist()
        request(url, "PUT", f"/images-v1/_doc/{document.id}?refresh=true", source)


def _make_table(folder: Path, documents: list[Document]) -> None:
    fields = [pa.field(name, pa.string(), nullable=name == "name") for name in TEXTS]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in ("width", "height")]
    fields.append(pa.field("image_embedding", pa.list_(pa.float32(), COSINE.dimension), nullable=False))
    fields.append(pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False))
    meta = {"lookalike.model": json.dumps(identity.to_mapping(COSINE))}
    rows = {field.name: [getattr(document, field.name) for document in documents] for field in fields}
    rows["metadata"] = [list(document.metadata.items()) for document in documents]
    lancedb.connect(folder).create_table("images-v1", pa.table(rows, schema=pa.schema(fields, metadata=meta)))
    catalog = {"tables": {"images": "images-v1"}, "numbers": {"images": 1}}
    (folder / "catalog.json").write_text(json.dumps(catalog))

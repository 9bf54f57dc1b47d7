"""The Arrow schema of an index table, and its rows as documents and matches."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.index import identity
from lookalike.records import Document, Match, Metric, ModelIdentity, Stored

MODEL_KEY = b"lookalike.model"
TEXT_FIELDS = ("id", "uri", "name", "content_sha256", "model", "ingested_at", "chunk")
STORED_FIELDS = ("content_sha256", "model", "chunk", "name", "metadata")
MATCH_FIELDS = ("id", "uri", "name", "metadata", "_distance")


def schema(model: ModelIdentity) -> Any:
    """The schema of a table for vectors of `model`, which it records in its metadata."""
    fields = [pa.field(name, pa.string(), nullable=name == "name") for name in TEXT_FIELDS]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in ("width", "height")]
    fields.append(pa.field("image_embedding", pa.list_(pa.float32(), model.dimension), nullable=False))
    fields.append(pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False))
    return pa.schema(fields, metadata={MODEL_KEY: json.dumps(identity.to_mapping(model)).encode()})


def model_of(table: Any) -> ModelIdentity:
    """The model that `schema` recorded."""
    return identity.from_mapping(json.loads(table.schema.metadata[MODEL_KEY]))


def to_arrow(documents: Sequence[Document], schema: Any) -> Any:
    """An Arrow table with one row per document."""
    columns = {
        field.name: [getattr(document, field.name) for document in documents]
        for field in schema
        if field.name not in ("image_embedding", "metadata")
    }
    vectors = np.stack([document.image_embedding for document in documents]).astype(np.float32, copy=False)
    columns["image_embedding"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    columns["metadata"] = [list(document.metadata.items()) for document in documents]
    return pa.table(columns, schema=schema)


def to_documents(table: Any) -> list[Document]:
    """The documents of an Arrow table with all columns."""
    if not table.num_rows:
        return []
    column = table["image_embedding"].combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(column), -1)
    rows = table.drop_columns(["image_embedding"]).to_pylist()
    return [
        Document(image_embedding=vector, metadata=dict(row.pop("metadata")), **row)
        for vector, row in zip(vectors, rows, strict=True)
    ]


def to_stored(row: Mapping[str, Any]) -> Stored:
    """The row's STORED_FIELDS."""
    return Stored(**{field: row[field] for field in STORED_FIELDS} | {"metadata": dict(row["metadata"])})


def to_match(row: Mapping[str, Any], metric: Metric) -> Match:
    """The row's MATCH_FIELDS. LanceDB's distance is 1 - cosine, or the squared Euclidean distance."""
    distance = row["_distance"]
    # The distance is a rounded float32: of equal vectors it can be below 0.
    score = min(1.0, max(-1.0, 1 - distance)) if metric is Metric.COSINE else 1 / (1 + distance)
    return Match(row["id"], row["uri"], row["name"], score, dict(row["metadata"]))

"""The core of ingestion: turns a chunk of references into documents in the index. Imports no Celery and no model."""

from lookalike.pipeline.chunk import ChunkIndex, Decode, Fetch, give_up, ingest
from lookalike.pipeline.parts import Ask, Asking, Embed

__all__ = ["Ask", "Asking", "ChunkIndex", "Decode", "Embed", "Fetch", "give_up", "ingest"]

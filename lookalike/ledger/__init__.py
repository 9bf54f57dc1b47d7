"""The ledger: the state of every job and chunk, and the images that were rejected."""

from lookalike.ledger.counters import ChunkTimings, Counters
from lookalike.ledger.job import Job, JobKind, JobState, place_of
from lookalike.ledger.ledger import Ledger

__all__ = ["ChunkTimings", "Counters", "Job", "JobKind", "JobState", "Ledger", "place_of"]

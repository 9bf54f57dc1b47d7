"""What became of every job, chunk and image."""

from lookalike.ledger.counters import ChunkTimings, Counters
from lookalike.ledger.job import Job, JobState
from lookalike.ledger.ledger import Ledger

__all__ = ["ChunkTimings", "Counters", "Job", "JobState", "Ledger"]

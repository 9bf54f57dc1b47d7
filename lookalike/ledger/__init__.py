"""What became of every job, chunk and image."""

from lookalike.ledger.counters import Counters, Effort
from lookalike.ledger.job import Job, JobState
from lookalike.ledger.ledger import Ledger

__all__ = ["Counters", "Effort", "Job", "JobState", "Ledger"]

"""Compares an index with its sources, and makes it match them."""

from lookalike_producer.sync.planning import plan
from lookalike_producer.sync.report import SyncReport
from lookalike_producer.sync.sources import Sources
from lookalike_producer.sync.syncing import sync
from lookalike_producer.sync.verification import EXAMPLES, Verification, verify

__all__ = ["EXAMPLES", "Sources", "SyncReport", "Verification", "plan", "sync", "verify"]

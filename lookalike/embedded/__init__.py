"""The embedded stack: a private Redis and a worker, started when nothing is configured, gone when their owner is."""

from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.restarting import kept
from lookalike.embedded.stack import Stack, open_stack

__all__ = ["GuardedProcess", "Stack", "kept", "open_stack"]

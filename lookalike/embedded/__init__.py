"""The embedded stack: a private Redis and a worker, started if no broker is configured, stopped with their owner."""

from lookalike.embedded.owned import OwnedStack, Stack
from lookalike.embedded.process import GuardedProcess
from lookalike.embedded.restarting import restarted
from lookalike.embedded.stack import open_stack

__all__ = ["GuardedProcess", "OwnedStack", "Stack", "open_stack", "restarted"]

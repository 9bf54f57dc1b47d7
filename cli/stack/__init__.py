"""The embedded stack: a private Redis and a worker, started when nothing is configured, gone when their owner is."""

from cli.stack.companion import kept
from cli.stack.process import LeashedProcess
from cli.stack.stack import Stack, open_stack

__all__ = ["LeashedProcess", "Stack", "kept", "open_stack"]

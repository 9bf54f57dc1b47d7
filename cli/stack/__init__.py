"""The embedded stack: a private Redis and a worker, started when nothing is configured, gone when their owner is."""

from cli.stack.stack import Stack, open_stack

__all__ = ["Stack", "open_stack"]

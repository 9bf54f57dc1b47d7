"""The examples, executed."""

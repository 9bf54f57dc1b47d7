"""`lookalike doctor`: looks at everything the work needs and says what to do about what is wrong."""

from lookalike_cli.doctor.command import app

__all__ = ["app"]

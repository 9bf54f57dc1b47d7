"""What every program agrees on: records, errors, settings, and the rooms they share."""

__version__ = "0.1.0"

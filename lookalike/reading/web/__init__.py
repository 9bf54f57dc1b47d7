"""Reads images from hosts of the web, of which none is trusted."""

from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.place import WebPlace

__all__ = ["WebOptions", "WebPlace"]

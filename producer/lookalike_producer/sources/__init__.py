"""Turns sources into image references."""

from lookalike_producer.sources.changed import find_changed
from lookalike_producer.sources.images import OnMounts, find_images, find_tables
from lookalike_producer.sources.nothing import why_none

__all__ = ["OnMounts", "find_changed", "find_images", "find_tables", "why_none"]

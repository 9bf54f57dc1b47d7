"""The Python API: one handle to ingest images into an index and to search it. See docs/python-api.md."""

from lookalike.image_index.evaluating import Evaluation, evaluate
from lookalike.image_index.examples import Image, Stored, Text
from lookalike.image_index.handle import ImageIndex
from lookalike.image_index.matches import Matches
from lookalike.image_index.opening import open
from lookalike_producer.report import Report

__all__ = ["Evaluation", "Image", "ImageIndex", "Matches", "Report", "Stored", "Text", "evaluate", "open"]

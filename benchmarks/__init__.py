"""Measurements, both sides in one run: ratios with their spread, never a verdict of a test."""

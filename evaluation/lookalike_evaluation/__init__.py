"""Measures search quality, and renders it and groups of duplicate images as reports."""

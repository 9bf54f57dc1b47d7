"""Measures search quality and finds duplicate images; renders both as reports."""

"""Tests of the documentation: its pages, their blocks and links."""

"""The screenshots of the documentation, taken from real programs over drawn pictures."""

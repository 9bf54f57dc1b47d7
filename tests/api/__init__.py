"""The real query service, on both indexes."""

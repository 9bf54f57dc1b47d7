"""The query service, real, on both indexes."""

"""Indexes in a LanceDB folder."""

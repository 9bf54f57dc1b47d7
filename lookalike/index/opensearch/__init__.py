"""Indexes in OpenSearch k-NN."""

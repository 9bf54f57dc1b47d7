"""Processes that the embedding package starts. Other modules do not import them."""

"""Processes that the embedding package starts. Other modules import only `json_process`."""

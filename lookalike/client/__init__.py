"""A client of the query service, for programs that search without a model or an index of their own."""

from lookalike.client.answers import BatchResult
from lookalike.client.client import Client, SearchOptions
from lookalike.client.opening import open_client
from lookalike.http_schemas import Info, Job, Label, Ready, ReadyIndex, RejectedPage, SearchResult, Timings

__all__ = [
    "BatchResult",
    "Client",
    "Info",
    "Job",
    "Label",
    "Ready",
    "ReadyIndex",
    "RejectedPage",
    "SearchOptions",
    "SearchResult",
    "Timings",
    "open_client",
]

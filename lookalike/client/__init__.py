"""The query service as a Python object: for programs that search without a model or an index of their own."""

from lookalike.client.answers import FailedPage, Found, FoundEach, Info, Job, Label, Ready, ReadyIndex, Took
from lookalike.client.client import Client, Wanted
from lookalike.client.opening import open_client

__all__ = [
    "Client",
    "FailedPage",
    "Found",
    "FoundEach",
    "Info",
    "Job",
    "Label",
    "Ready",
    "ReadyIndex",
    "Took",
    "Wanted",
    "open_client",
]

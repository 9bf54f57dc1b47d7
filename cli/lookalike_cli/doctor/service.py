"""Checks of the configured query service and of the default ports."""

import json
import urllib.request
from collections.abc import Iterator

from lookalike.client import open_client
from lookalike.errors import LookalikeError, QueryServiceUnavailable
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding
from lookalike_cli.ports import FLOWER_PORT, SEARCH_PORT, check_port

#: Timeout of the health request; our query service answers in milliseconds.
TIMEOUT_S = 1.0
HOST = "127.0.0.1"
#: The error itself advises to run `lookalike doctor`.
NOT_READY = "Start it there with `lookalike serve`, or correct LOOKALIKE_API_URL."


def ports(settings: Settings) -> Iterator[Finding]:
    free, ours = [], []
    for port, command in ((SEARCH_PORT, "serve"), (FLOWER_PORT, "flower")):
        try:
            check_port(HOST, port)
            free.append(f"{port} ({command})")
        except LookalikeError as error:
            if _is_ours(port):
                ours.append(f"{port} ({command})")
                continue
            what, _, _ = str(error).partition("\n")
            yield Finding("port", None, what, f"To use another port: `lookalike {command} --port PORT`.")
    parts = [f"free: {', '.join(free)}" if free else "", f"in use by lookalike: {', '.join(ours)}" if ours else ""]
    yield Finding("ports", None, "; ".join(filter(None, parts)) or "none free")


def service(settings: Settings) -> Iterator[Finding]:
    if settings.api_url is not None:
        with open_client(settings) as client:
            try:
                ready = client.ready()
            except QueryServiceUnavailable as error:
                what, _, _ = str(error).partition("\n")
                yield Finding("service", False, what, NOT_READY)
                return
        detail = f"{client.address} is ready: {ready.index.documents:,} documents in {ready.index.name}, {ready.model}"
        yield Finding("service", True, detail)


def _is_ours(port: int) -> bool:
    """Whether our query service listens on that port."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health/live", timeout=TIMEOUT_S) as answer:
            return bool(json.load(answer).get("status"))
    except (OSError, ValueError, AttributeError):
        return False

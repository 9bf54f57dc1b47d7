"""The path under which a client reaches this service, if a proxy serves it under one: "" or /photos."""

from starlette.types import Scope


def set_prefix(scope: Scope, prefix: str) -> None:
    scope.setdefault("state", {})["prefix"] = prefix


def prefix_of(scope: Scope) -> str:
    return str(scope.get("state", {}).get("prefix", ""))

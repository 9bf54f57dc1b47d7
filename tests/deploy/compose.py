"""docker-compose.yml as Compose reads it, with variables filled in; knows nothing of lookalike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

#: `$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?why}`; no other form is used.
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\})")


class Unset(Exception):
    """A variable that the file demands is not set; `str()` is its name."""


@dataclass(frozen=True)
class Service:
    """One service; `told` is all that the file says of it."""

    name: str
    told: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        return [*self.told.get("entrypoint", ()), *self.told.get("command", ())]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.told.get("environment", {}).items()}

    @property
    def health(self) -> list[str]:
        """The command of the health check."""
        kind, *words = self.told["healthcheck"]["test"]
        return words if kind == "CMD" else ["/bin/sh", "-c", *words]

    @property
    def needs(self) -> dict[str, str]:
        """Services that must be there first -> in what state."""
        return {name: needed["condition"] for name, needed in self.told.get("depends_on", {}).items()}


def read(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Every service, of every profile. Raises Unset."""
    services = yaml.safe_load(path.read_text())["services"]
    return {name: Service(name, changed(told, partial(_filled, variables))) for name, told in services.items()}


def variables(path: Path) -> set[tuple[str, str]]:
    """Every variable of the file with what it has behind its name: `-` and a default, or `?` and a demand."""
    matches = VARIABLE.finditer(path.read_text())
    return {(match["name"], match["kind"] or "") for match in matches if match["name"]}


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """The same, with every string in it changed."""
    if isinstance(value, dict):
        return {name: changed(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _filled(variables: Mapping[str, str], text: str) -> str:
    def fill(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        value = variables.get(match["name"], "")
        if not value and match["kind"] == "?":
            raise Unset(match["name"])
        return value or (match["rest"] or "" if match["kind"] == "-" else "")

    return VARIABLE.sub(fill, text)

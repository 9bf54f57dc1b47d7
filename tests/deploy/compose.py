"""Reads docker-compose.yml as Compose does, with variables filled in."""

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
    """A required variable is not set; `str()` is its name."""


@dataclass(frozen=True)
class Service:
    """One service; `definition` is its section of the file."""

    name: str
    definition: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        return [*self.definition.get("entrypoint", ()), *self.definition.get("command", ())]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.definition.get("environment", {}).items()}

    @property
    def health(self) -> list[str]:
        """The command of the health check."""
        kind, *words = self.definition["healthcheck"]["test"]
        return words if kind == "CMD" else ["/bin/sh", "-c", *words]

    @property
    def needs(self) -> dict[str, str]:
        """Services that must start first -> the state that they must reach."""
        return {name: needed["condition"] for name, needed in self.definition.get("depends_on", {}).items()}


def read(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Every service, of every profile. Raises Unset."""
    services = yaml.safe_load(path.read_text())["services"]
    return {
        name: Service(name, changed(definition, partial(_filled, variables))) for name, definition in services.items()
    }


def variables(path: Path) -> set[tuple[str, str]]:
    """Every variable of the file, with `-` if it has a default, `?` if it is required, or ""."""
    matches = VARIABLE.finditer(path.read_text())
    return {(match["name"], match["kind"] or "") for match in matches if match["name"]}


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of `value` with `change` applied to every string in it."""
    if isinstance(value, dict):
        return {name: changed(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def here(places: Mapping[str, str], text: str) -> str:
    """Replace the places in a text, in one pass, because one port may contain another."""
    return re.sub("|".join(map(re.escape, places)), lambda match: places[match[0]], text)


def _filled(variables: Mapping[str, str], text: str) -> str:
    def fill(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        value = variables.get(match["name"], "")
        if not value and match["kind"] == "?":
            raise Unset(match["name"])
        return value or (match["rest"] or "" if match["kind"] == "-" else "")

    return VARIABLE.sub(fill, text)

"""The LOOKALIKE_* variables that are given, where each comes from, and which of them mean nothing; knows no setting."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from lookalike.errors import BadSetting
from lookalike.records import Diagnostic

ENV_FILE = ".env"
PREFIX = "LOOKALIKE_"
#: Read elsewhere than in the settings: by the command itself, by the tests, and by docker-compose.yml from the same
#: `.env`.
OTHERS = frozenset(
    PREFIX + name
    for name in (
        "DEBUG",
        "REQUIRE_SERVICES",
        "TEST_CACHE",
        "REDIS_PASSWORD",
        "OPENSEARCH_PASSWORD",
        "FLOWER_AUTH",
        "GRAFANA_PASSWORD",
        "WORKER_MEMORY",
        "GPU_WORKER_MEMORY",
        "IMAGES",
    )
)
#: Kubernetes gives every container such names for every service, one called "lookalike" or "lookalike-api" as well.
OF_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$")


def given() -> dict[str, str]:
    """Every LOOKALIKE_* name that is set, in upper case, and where: "environment" or ".env". Raises BadSetting."""
    names = {name.upper(): ENV_FILE for name in _in_file()} | {name.upper(): "environment" for name in os.environ}
    return {name: origin for name, origin in names.items() if name.startswith(PREFIX)}


def unknown(given: Mapping[str, str], known: Iterable[str]) -> list[Diagnostic]:
    """What is set and read by nobody, each with the known name most like it."""
    names = list(known)
    strange = sorted(name for name in given if name not in OTHERS and name not in names)
    return [_concern(name, given[name], names) for name in strange if not OF_KUBERNETES.search(name)]


def _in_file() -> Iterable[str]:
    # Asked first, because the library warns of a file that is not there.
    if not Path(ENV_FILE).is_file():
        return ()
    try:
        return dotenv_values(ENV_FILE, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(f"{Path(ENV_FILE).absolute()} cannot be read: {why}.", "Correct it, or remove it.") from error


def _concern(name: str, origin: str, names: list[str]) -> Diagnostic:
    # By the letters alone: what is left out or put in most often is the line between two words.
    plain = {known.removeprefix(PREFIX).replace("_", ""): known for known in names}
    near = difflib.get_close_matches(name.removeprefix(PREFIX).replace("_", ""), plain, n=1)
    advice = f"Did you mean {plain[near[0]]}?" if near else "docs/settings.md lists all settings."
    return Diagnostic(f"{name} ({origin}) is no setting and changes nothing.", advice)

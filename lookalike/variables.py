"""The LOOKALIKE_* variables that are set: where each comes from, and which of them no program reads."""

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
#: Former names of settings, accepted for one version: former -> present.
RENAMED = {"LOOKALIKE_DEAF_AFTER_S": "LOOKALIKE_STALLED_AFTER_S"}
#: Variables that are no settings: read by the command line, by the tests, or by docker-compose.yml from the same file.
NOT_SETTINGS = frozenset(
    PREFIX + name
    for name in (
        "DEBUG",
        "KEEP_ENV",
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
#: Kubernetes sets such variables in every container for every service, also for one named "lookalike-api".
FROM_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$")


def given() -> dict[str, str]:
    """Every LOOKALIKE_* name that is set, in upper case -> "environment" or ".env". Raises BadSetting."""
    names = dict.fromkeys(_in_file(), ENV_FILE) | dict.fromkeys(_in_environment(), "environment")
    return {name: origin for name, origin in names.items() if name.startswith(PREFIX)}


def renamed_values() -> dict[str, str]:
    """Values that are set under a former name only: present name -> value. Raises BadSetting."""
    values = _in_file() | _in_environment()
    return {new: values[old] for old, new in RENAMED.items() if old in values and new not in values}


def check_names(given: Mapping[str, str], settings: Iterable[str]) -> list[Diagnostic]:
    """The names in `given` that no program reads, each with the most similar setting, and those that were renamed."""
    names = list(settings)
    former = [name for name in RENAMED if name in given]
    known = {*names, *former, *NOT_SETTINGS}
    unknown = [name for name in sorted(given) if name not in known and not FROM_KUBERNETES.search(name)]
    return [*(_renamed(name, given) for name in former), *(_unknown(name, given[name], names) for name in unknown)]


def _in_file() -> dict[str, str]:
    # Checked first, because the library warns about a missing file.
    if not Path(ENV_FILE).is_file():
        return {}
    try:
        values = dotenv_values(ENV_FILE, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(
            f"Cannot read {Path(ENV_FILE).absolute()}: {why}.", "Correct the file, or remove it."
        ) from error
    return {name.upper(): value or "" for name, value in values.items()}


def _in_environment() -> dict[str, str]:
    return {name.upper(): value for name, value in os.environ.items()}


def _renamed(former: str, given: Mapping[str, str]) -> Diagnostic:
    present = RENAMED[former]
    what = f"{former} ({given[former]}) is now called {present}."
    if present in given:
        return Diagnostic(f"{what} Both are set, and {former} is ignored.", f"Remove {former}.")
    return Diagnostic(f"{what} The old name stops working in the next version.", f"Set {present} instead.")


def _unknown(name: str, origin: str, settings: list[str]) -> Diagnostic:
    # Compared without underscores: the most frequent mistake is a missing or an extra one.
    plain = {known.removeprefix(PREFIX).replace("_", ""): known for known in settings}
    similar = difflib.get_close_matches(name.removeprefix(PREFIX).replace("_", ""), plain, n=1)
    advice = f"Did you mean {plain[similar[0]]}?" if similar else "docs/settings.md lists all settings."
    return Diagnostic(f"{name} ({origin}) is not a setting and has no effect.", advice)

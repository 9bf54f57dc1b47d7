"""The LOOKALIKE_* variables that are set: where each comes from, whether it may, and which of them no program reads."""

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from platformdirs import user_config_path

from lookalike.errors import BadSetting
from lookalike.records import Diagnostic

#: A file of the working folder, which may have come with the images in it.
ENV_FILE = ".env"
PREFIX = "LOOKALIKE_"
#: Names the only file with settings to read; the user has chosen it, so it may hold every setting.
NAMED_FILE = "LOOKALIKE_ENV_FILE"
#: Settings that carry credentials, say where these go, or open the query service; ENV_FILE may not hold them.
TRUSTED_ONLY = frozenset(
    PREFIX + name
    for name in (
        "API_KEY",
        "API_URL",
        "AWS_REGION",
        "AWS_SERVICE",
        "BROKER_URL",
        "CA_CERTS",
        "CLIENT_CERT",
        "CLIENT_KEY",
        "CORS_ORIGINS",
        "INDEX_URL",
        "INSECURE",
        "TRUSTED_PROXIES",
    )
)
#: The folders in it may stand in ENV_FILE, but nothing of the network.
ROOTS = PREFIX + "ROOTS"
#: Former names of settings, accepted for one version: former -> present.
RENAMED = {"LOOKALIKE_DEAF_AFTER_S": "LOOKALIKE_STALLED_AFTER_S"}
#: Variables of ours that are not settings -> their meaning.
NOT_SETTINGS = {
    "LOOKALIKE_ENV_FILE": "A file with settings, which is then the only one that is read.",
    "LOOKALIKE_KEEP_ENV": "Further variables of the environment that our processes keep, separated by commas; a `*` at "
    "the end stands for any rest.",
    "LOOKALIKE_DEBUG": "`1`: an unexpected error of a command shows where it comes from.",
    "LOOKALIKE_IMAGES": "Docker Compose: the folder of images that workers read.",
    "LOOKALIKE_WORKER_MEMORY": "Docker Compose: limit of the memory of a worker, `4g` if unset.",
    "LOOKALIKE_GPU_WORKER_MEMORY": "Docker Compose: limit of the memory of a worker with a GPU, `16g` if unset.",
    "LOOKALIKE_REDIS_WORKER_PASSWORD": "Docker Compose: password of the workers at Redis.",
    "LOOKALIKE_REDIS_PRODUCER_PASSWORD": "Docker Compose: password of commands at Redis.",
    "LOOKALIKE_REDIS_QUERY_PASSWORD": "Docker Compose: password of the query service at Redis.",
    "LOOKALIKE_REDIS_FLOWER_PASSWORD": "Docker Compose: password of Flower at Redis.",
    "LOOKALIKE_OPENSEARCH_PASSWORD": "Docker Compose: password of the administrator of OpenSearch.",
    "LOOKALIKE_OPENSEARCH_WRITER_PASSWORD": "Docker Compose: password of those who write to OpenSearch.",
    "LOOKALIKE_OPENSEARCH_READER_PASSWORD": "Docker Compose: password of those who only search OpenSearch.",
    "LOOKALIKE_FLOWER_AUTH": "Docker Compose: `user:password` for the page of Flower.",
    "LOOKALIKE_GRAFANA_PASSWORD": "Docker Compose: password of the administrator of Grafana.",
    "LOOKALIKE_REQUIRE_SERVICES": "Tests: `1` makes a missing service a failure.",
    "LOOKALIKE_TEST_CACHE": "Tests: the folder for files that tests download.",
}
#: Kubernetes sets such variables in every container for every service, also for one named "lookalike-api".
FROM_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$")


def given() -> dict[str, str]:
    """Every LOOKALIKE_* name that is set, in upper case -> "environment" or a file. Raises BadSetting."""
    names: dict[str, str] = {}
    for file in files():
        names |= dict.fromkeys(_in_file(file), str(file))
    names |= dict.fromkeys(_in_environment(), "environment")
    return {name: origin for name, origin in names.items() if name.startswith(PREFIX)}


def files() -> tuple[Path, ...]:
    """The files with settings, of which a later one wins: the user's own, and that of the working folder."""
    if named := os.environ.get(NAMED_FILE):
        return (Path(named),)
    return tuple(file for file in _usual_files() if _why_hidden(file) is None)


def check_files() -> list[Diagnostic]:
    """The files that this user cannot even look for, which happens if HOME or the working folder is another user's.

    They are not read: what is in them is not meant for this user.
    """
    hidden = {} if os.environ.get(NAMED_FILE) else {file: _why_hidden(file) for file in _usual_files()}
    what = "is not read, because its folder cannot be searched"
    advice = "Set HOME to your own home folder, and work in a folder of your own."
    return [Diagnostic(f"{_shown(file)} {what}: {why}.", advice) for file, why in hidden.items() if why is not None]


def users_file() -> Path | None:
    """The file with the settings of this user; None for a user without a home folder."""
    try:
        return user_config_path("lookalike") / "settings.env"
    except RuntimeError:
        return None


def _usual_files() -> list[Path]:
    users = users_file()
    return [*([] if users is None else [users]), Path(ENV_FILE)]


def _why_hidden(file: Path) -> str | None:
    """Why the system does not even say whether a file exists, or None."""
    try:
        file.is_file()
    except OSError as error:
        return error.strerror
    return None


def _shown(file: Path) -> Path:
    try:
        return file.absolute()
    except FileNotFoundError:  # somebody has removed the working folder
        return file


def check_origins() -> None:
    """Raises BadSetting if the working folder's file holds a setting that it may not, or a file is none."""
    if (named := os.environ.get(NAMED_FILE)) and not os.path.isfile(named):
        raise BadSetting(
            f"{NAMED_FILE} names {named}, which is not a file.", "Correct the path, or unset the variable."
        )
    if named:
        return
    for file in filter(Path.is_fifo, files()):
        # Opening it would wait for a program that writes, and each reader takes from what it writes.
        raise BadSetting(f"{_shown(file)} is a FIFO, not a file.", f"Remove it, or name a file with {NAMED_FILE}.")
    found = {file: _in_file(file) for file in files()}
    folder = found.pop(Path(ENV_FILE), {})
    users = {name: value for values in found.values() for name, value in values.items()}
    if ROOTS not in _in_environment() and not _are_folders(folder.get(ROOTS, "")):
        raise _not_trusted(ROOTS)
    for name in sorted(TRUSTED_ONLY & set(folder) - set(_in_environment())):
        # An empty value means unset, which is refused only where it would undo what the user has set.
        if folder[name] or name in users:
            raise _not_trusted(name)


def _are_folders(roots: str) -> bool:
    """Whether a list of roots, in JSON, has only folders: a file of the working folder may open no network."""
    try:
        found = json.loads(roots or "[]")
    except ValueError:
        # The settings say what is wrong with it.
        return True
    return not isinstance(found, list) or all(str(root).startswith(("/", "~", ".")) for root in found)


def _not_trusted(name: str) -> BadSetting:
    path, users = _shown(Path(ENV_FILE)), users_file()
    there = "" if users is None else f" or in {users}"
    return BadSetting(
        f"{name} is not accepted from {path}: such a file may come with the images, and this setting decides about "
        "credentials or access.",
        f"Set it in the environment{there}; or, if the file is yours, set {NAMED_FILE}={path}.",
    )


def renamed_values() -> dict[str, str]:
    """Values that are set under a former name only: present name -> value. Raises BadSetting."""
    values: dict[str, str] = {}
    for file in files():
        values |= _in_file(file)
    values |= _in_environment()
    return {new: values[old] for old, new in RENAMED.items() if old in values and new not in values}


def check_names(given: Mapping[str, str], settings: Iterable[str]) -> list[Diagnostic]:
    """The names in `given` that no program reads, each with the most similar setting, and those that were renamed."""
    names = list(settings)
    former = [name for name in RENAMED if name in given]
    known = {*names, *former, *NOT_SETTINGS}
    unknown = [name for name in sorted(given) if name not in known and not FROM_KUBERNETES.search(name)]
    return [*(_renamed(name, given) for name in former), *(_unknown(name, given[name], names) for name in unknown)]


def _in_file(file: Path) -> dict[str, str]:
    # Checked first, because the library warns about a missing file.
    if not os.path.isfile(file):
        return {}
    try:
        values = dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(f"Cannot read {_shown(file)}: {why}.", "Correct the file, or remove it.") from error
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
    advice = f"Did you mean {plain[similar[0]]}?" if similar else "docs/reference/settings.md lists all settings."
    return Diagnostic(f"{name} ({origin}) is not a setting and has no effect.", advice)

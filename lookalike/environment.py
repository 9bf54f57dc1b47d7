"""Which variables of the environment our processes keep: ours, the system's, and those that are known and meant.

A list of what is allowed, not of what is refused: libraries read hundreds of variables, some under names as plain as
APP or BROKER_URL, and a variable that another program left there must not decide what ours does.
docs/settings.md lists them, and docs/decisions/0014-one-environment.md says why. Imports nothing of ours.
"""

import os
import re
from collections.abc import Callable, Mapping

#: Names of further variables to keep, separated by commas; a `*` at the end stands for any rest.
KEEP = "LOOKALIKE_KEEP_ENV"

_Check = Callable[[str], str | None]
#: Text that no variable's value needs to be longer than.
_COUNT = re.compile(r"[1-9]\d{0,3}(,[1-9]\d{0,3}){0,3}")
_BYTES = re.compile(r"\d{1,12}")
_DISPLAY = r"[\w./\[\]:%-]*:\d{1,5}(\.\d{1,3})?"
_BUS = r"\w+:[\w=./,;:%\\*-]+"
_SWITCH = "(?i)true|false|[01]"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _any(value: str) -> str | None:
    return value


def _matching(pattern: str | re.Pattern[str]) -> _Check:
    return lambda value: value if re.fullmatch(pattern, value) else None


def _absolute(value: str) -> str | None:
    return value if os.path.isabs(value) else None


def _own_file(value: str) -> str | None:
    """A file by a path that does not depend on the working folder."""
    return value if os.path.isabs(value) or value.startswith("~/") else None


def _address(value: str) -> str | None:
    """The address of a service, without credentials. One that cannot be used stays, so that it is refused: without it,
    another service would be asked."""
    plain = re.split("[?#]", re.sub("//[^/]*@", "//", value))[0]
    return plain if re.fullmatch(r"[\w.:/\[\]~-]+", plain) else "unusable"


def _folders(value: str) -> str | None:
    """A search path without the working folder, which an empty or a relative entry stands for."""
    return os.pathsep.join(folder for folder in value.split(os.pathsep) if os.path.isabs(folder)) or None


def _libraries(value: str) -> str | None:
    """Libraries by path or by name; a relative path would be one of the working folder."""
    names = [name for name in re.split(r"[: ]+", value) if name and (os.path.isabs(name) or os.sep not in name)]
    return " ".join(names) or None


#: Name -> a check that returns the value, corrected if need be, or None for a value that cannot be meant.
_CHECKS: dict[str, _Check] = {
    # Ours; LOOKALIKE_* is always kept.
    "FLOWER_BASIC_AUTH": _any,
    "REMAP_SIGTERM": _matching("SIGQUIT"),
    # The system's: the user, folders, time zone, language, terminal.
    **dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "TZDIR"), _absolute),
    **dict.fromkeys(("USER", "LOGNAME", "SHELL", "TZ", "LANG", "LANGUAGE"), _any),
    **{f"XDG_{kind}": _absolute for kind in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR", "STATE_HOME")},
    **{f"LC_{kind}": _any for kind in ("ALL", "COLLATE", "CTYPE", "MESSAGES", "MONETARY", "NUMERIC", "TIME")},
    **dict.fromkeys(("TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "FORCE_COLOR"), _any),
    **dict.fromkeys(("COLUMNS", "LINES"), _matching(r"[1-9]\d{0,3}")),
    # The desktop's, which opens the matches of a search.
    "DISPLAY": _matching(_DISPLAY),
    "WAYLAND_DISPLAY": _matching(r"[\w./-]{1,107}"),
    "XAUTHORITY": _absolute,
    "DBUS_SESSION_BUS_ADDRESS": _matching(_BUS),
    "XDG_CURRENT_DESKTOP": _matching(r"[\w:.-]{1,100}"),
    # Where programs and their libraries are.
    **dict.fromkeys(("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"), _folders),
    "LD_PRELOAD": _libraries,
    # Without these Windows opens no socket and finds no folder of the user.
    **dict.fromkeys(("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMDATA"), _any),
    **dict.fromkeys(("APPDATA", "LOCALAPPDATA", "USERPROFILE", "USERNAME", "NUMBER_OF_PROCESSORS"), _any),
    # Python's own, as far as they choose neither code nor behavior.
    **dict.fromkeys(("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PYTHONNOUSERSITE"), _any),
    "PYTHONUSERBASE": _absolute,
    # Connections to other machines: authorities, proxies, credentials of AWS.
    **dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR"), _absolute),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"), _any),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "no_proxy"), _any),
    **{
        f"AWS_{rest}": _any
        for rest in (
            "ACCESS_KEY_ID",
            "CONTAINER_AUTHORIZATION_TOKEN",
            "CONTAINER_CREDENTIALS_FULL_URI",
            "CONTAINER_CREDENTIALS_RELATIVE_URI",
            "DEFAULT_PROFILE",
            "DEFAULT_REGION",
            "EC2_METADATA_DISABLED",
            "PROFILE",
            "REGION",
            "ROLE_ARN",
            "ROLE_SESSION_NAME",
            "SECRET_ACCESS_KEY",
            "SESSION_TOKEN",
        )
    },
    # Object stores: addresses, files with credentials, and credentials (docs/sources.md).
    **{
        f"AWS_{rest}_FILE": _own_file
        for rest in ("CONFIG", "CONTAINER_AUTHORIZATION_TOKEN", "SHARED_CREDENTIALS", "WEB_IDENTITY_TOKEN")
    },
    "AWS_CA_BUNDLE": _own_file,
    **dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT"), _address),
    **dict.fromkeys(("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "AZURE_ALLOW_HTTP"), _matching(_SWITCH)),
    **dict.fromkeys(("AWS_SKIP_SIGNATURE", "GOOGLE_SKIP_SIGNATURE", "AZURE_SKIP_SIGNATURE"), _matching(_SWITCH)),
    **dict.fromkeys(("AZURE_STORAGE_USE_EMULATOR", "AZURE_USE_AZURE_CLI"), _matching(_SWITCH)),
    "AWS_REQUEST_PAYER": _matching("(?i)requester|true|false"),
    **dict.fromkeys(("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT"), _own_file),
    **dict.fromkeys(("GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN"), _any),
    "AZURE_FEDERATED_TOKEN_FILE": _own_file,
    **{
        f"AZURE_{rest}": _any
        for rest in (
            "CLIENT_ID",
            "CLIENT_SECRET",
            "TENANT_ID",
            "STORAGE_ACCESS_KEY",
            "STORAGE_ACCOUNT_KEY",
            "STORAGE_ACCOUNT_NAME",
            "STORAGE_CLIENT_ID",
            "STORAGE_CLIENT_SECRET",
            "STORAGE_CONNECTION_STRING",
            "STORAGE_SAS_KEY",
            "STORAGE_SAS_TOKEN",
            "STORAGE_TENANT_ID",
            "STORAGE_TOKEN",
        )
    },
    # Devices, threads and memory, which people tune.
    **dict.fromkeys(("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES"), _any),
    **dict.fromkeys(("NVIDIA_DRIVER_CAPABILITIES", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"), _any),
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), _matching(_COUNT)),
    "ONEDNN_MAX_CPU_ISA": _matching(r"\w{1,40}"),
    "TF_CPP_MIN_LOG_LEVEL": _matching("[0-3]"),
    "TF_FORCE_GPU_ALLOW_GROWTH": _matching(_SWITCH),
    "MALLOC_ARENA_MAX": _matching(r"\d{1,3}"),
    **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), _matching(_BYTES)),
    # Where Keras keeps the weights that it downloads; what else lies there decides nothing (see graph/backend.py).
    "KERAS_HOME": _absolute,
}
#: The names of all variables that are kept, beside LOOKALIKE_*.
KNOWN = frozenset(_CHECKS)


def kept(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that our processes keep, with the values that they get."""
    more = wanted(variables)
    checked = {name: _value(name, value, more) for name, value in variables.items()}
    chosen = {name: value for name, value in checked.items() if value is not None}
    return chosen | _around_proxies(chosen)


def wanted(variables: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether LOOKALIKE_KEEP_ENV names a variable."""
    names = [name.strip() for name in variables.get(KEEP, "").split(",")]
    exact = {name for name in names if name and not name.endswith("*")}
    beginnings = tuple(name[:-1] for name in names if len(name) > 1 and name.endswith("*"))
    return lambda name: name in exact or name.startswith(beginnings)


def _value(name: str, value: str, more: Callable[[str], bool]) -> str | None:
    if name.upper().startswith("LOOKALIKE_") or more(name):
        return value
    check = _CHECKS.get(name)
    return check(value) if check is not None else None


def _around_proxies(variables: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY with this machine's own names: no request to it goes through a proxy."""
    if not any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in variables):
        return {}
    # Libraries prefer the lower case where both are set.
    given = variables.get("no_proxy", variables.get("NO_PROXY", ""))
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    text = ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])
    return {"no_proxy": text, "NO_PROXY": text}

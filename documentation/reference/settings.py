"""The page of settings: from the fields of `Settings`."""

import json
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from documentation.reference.page import MeaningMissing, Page, code, listed, meaning, sections, table
from lookalike.settings import PREFIX, Settings
from lookalike.variables import NOT_SETTINGS, RENAMED, TRUSTED_ONLY

FIELDS = "the description of its field in lookalike/settings.py"
#: Title -> the settings below it.
GROUPS = {
    "General": ("home", "broker_url", "index_url", "index", "api_url", "roots", "log_format"),
    "Model": (
        *("model", "weights", "preprocessing", "text_model", "tokenizer", "runtime", "precision", "gpu_decoding"),
    ),
    "Workers": (
        *("concurrency", "chunk_size", "queue_limit", "time_limit_s", "stalled_after_s"),
        *("max_image_bytes", "max_image_pixels"),
    ),
    "Images of other machines": (
        *("respect_robots", "user_agent", "fetches", "fetch_bytes", "host_connections", "host_rate", "host_wait_s"),
    ),
    "A new OpenSearch index": (
        *("engine", "shards", "replicas", "hnsw_m", "hnsw_ef_construction", "hnsw_ef_search", "quantization"),
        *("vector_mode", "compression"),
    ),
    "The embedded index": ("ann_rows",),
    "Query service": (
        *("api_key", "api_retry", "cors_origins", "root_path", "trusted_proxies", "max_upload_bytes"),
        *("max_searches", "search_timeout_s", "thumbnail_cache_bytes"),
    ),
    "Connections": ("ca_certs", "client_cert", "client_key", "insecure", "aws_region", "aws_service"),
}
#: Setting -> the page that explains it.
EXPLAINED = {
    "roots": "[Roots](../settings.md#roots)",
    "model": "[Models](../models.md)",
    "preprocessing": "[Models from elsewhere](../models.md#models-from-elsewhere-onnx)",
    "text_model": "[Search by text](../models.md#search-by-text)",
    "runtime": "[On a GPU](../models.md#on-a-gpu)",
    "gpu_decoding": "[On a GPU](../models.md#on-a-gpu)",
    "concurrency": "[On a GPU](../models.md#on-a-gpu)",
    "respect_robots": "[Web addresses](../sources.md#web-addresses)",
    "quantization": "[Which quantization](../scale.md#which-quantization)",
    "root_path": "[Behind a proxy](../operations.md#behind-a-proxy)",
    "trusted_proxies": "[Behind a proxy](../operations.md#behind-a-proxy)",
}
UNITS = {"_s": "seconds", "_bytes": "bytes", "_pixels": "pixels"}
KINDS: dict[Any, str] = {int: "integer", float: "number", str: "text", Path: "path", SecretStr: "text"}
MIB = 2**20

INTRODUCTION = """
Set a setting as a variable of the environment or as a line of a file, such as `LOOKALIKE_INDEX=holidays`.
[Settings](../settings.md) says which files are read. In Python, a keyword of `lookalike.open` sets the same:
`lookalike.open(index="holidays")`. If a setting has no default, an empty value unsets it.

Settings that decide about credentials or access are marked *not from `.env`*: the file `.env` of the working folder may
come with the images, so it may not set them.
"""


def page() -> Page:
    """All settings by group, former names, and the other variables."""
    _check_groups()
    groups = [f"## {title}\n\n{_table(names)}" for title, names in GROUPS.items()]
    renamed = table(("former name", "setting"), [(code(old), code(new)) for old, new in RENAMED.items()])
    others = table(("variable", "meaning"), [(code(name), text) for name, text in NOT_SETTINGS.items()])
    parts = (f"## Former names\n\nThey still work in this version.\n\n{renamed}", f"## Other variables\n\n{others}")
    summary = "every `LOOKALIKE_*` variable with its values, its default and its meaning"
    return Page("settings.md", "Settings", summary, sections(INTRODUCTION, *groups, *parts))


def _check_groups() -> None:
    grouped = {name for names in GROUPS.values() for name in names}
    for name in Settings.model_fields:
        if name not in grouped:
            raise MeaningMissing(
                f"{variable(name)} is in no group: add it to GROUPS in documentation/reference/settings.py."
            )


def _table(names: tuple[str, ...]) -> str:
    return table(("variable", "values", "default", "meaning"), [_row(name) for name in names])


def _row(name: str) -> tuple[str, str, str, str]:
    field = Settings.model_fields[name]
    text = meaning(field.description, variable(name), FIELDS)
    more = [f"See {EXPLAINED[name]}."] if name in EXPLAINED else []
    more += ["*Not from `.env`.*"] if variable(name) in TRUSTED_ONLY else []
    return code(variable(name)), values(name, field), default(field), " ".join([text, *more])


def variable(name: str) -> str:
    """The variable of a setting."""
    return PREFIX + name.upper()


def values(name: str, field: FieldInfo) -> str:
    """What may be set, in words: the type, its unit and its bounds."""
    kind = _without_none(field.annotation)
    if get_origin(kind) is Literal:
        return listed(value for value in get_args(kind) if value)
    if get_origin(kind) is tuple:
        return "JSON list"
    if kind is bool:
        return listed(("true", "false"))
    if kind is SecretStr and name.endswith("_url"):
        return "URL"
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    return ", ".join(part for part in (KINDS[kind], unit, _bounds(field)) if part)


def default(field: FieldInfo) -> str:
    """The default as it would be set; empty if it is unset."""
    value = field.default
    if value is None or value == "" or field.default_factory is not None:
        return ""
    if isinstance(value, tuple):
        return code(json.dumps(list(value)))
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, int) and value >= MIB and value % MIB == 0:
        return f"{code(value)} ({value // MIB} MiB)"
    return code(f"{value:g}" if isinstance(value, float) else value)


def _bounds(field: FieldInfo) -> str:
    least = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    if least is None:
        return ""
    return f"{least} or more" if most is None else f"{least} to {most}"


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(kind for kind in get_args(annotation) if kind is not type(None))
    return annotation

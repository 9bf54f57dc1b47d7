"""Checks of the installation, the device that runs models, and the settings."""

import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from lookalike import __version__, decoders, factories, nvidia_smi
from lookalike.addresses import plain_address
from lookalike.embedding.artifacts.cache import graph_path
from lookalike.embedding.runtimes import gpu
from lookalike.embedding.runtimes.cpu import time_in_8_bits
from lookalike.embedding.runtimes.device import examine
from lookalike.errors import BadSetting, LookalikeError
from lookalike.extras import is_installed
from lookalike.machine import usable_cores, visible_gpus
from lookalike.plural import counted
from lookalike.settings import PREFIX, Settings, setting_names
from lookalike.variables import check_files, check_names, given
from lookalike_cli.doctor.finding import Finding, warnings

#: Package -> its module; most of them belong to extras.
PACKAGES = {
    "celery": "celery",
    "kombu": "kombu",
    "redis": "redis",
    "opensearch-py": "opensearchpy",
    "lancedb": "lancedb",
    "openvino": "openvino",
    "keras": "keras",
    "jax": "jax",
}
#: Why `auto` is f32 for a graph that is not measured, by whether the CPU has bf16.
_WHY_F32 = {True: " (bf16 is slower on this CPU)", False: " (this CPU has no bf16)"}


def installation(settings: Settings) -> Iterator[Finding]:
    where = f"{platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("python", None, where)
    yield Finding("packages", None, ", ".join([f"lookalike {__version__}", *_installed()]))
    yield Finding("cores", None, f"{usable_cores()} usable, {_processes(settings)} per worker")


def _installed() -> Iterator[str]:
    """Name and version of each package of PACKAGES that is installed."""
    return (f"{name} {version(name)}" for name, module in PACKAGES.items() if is_installed(module))


def embedding(settings: Settings) -> Iterator[Finding]:
    if not is_installed("openvino"):
        yield Finding("embedding", None, "not installed: this installation runs no models")
        return
    gpus = visible_gpus()
    runtime = gpu.runtime(settings.runtime) if gpus and settings.runtime != "openvino" else None
    graph = _measured_graph(settings)
    device = examine(runtime, graph, settings.precision)
    if runtime is not None:
        memory = "".join(f", {used} of memory used" for used in nvidia_smi.memory(gpus))
        detail = f"{len(gpus)}, one process each with {runtime}, fed by {_decoders(settings, gpus)}{memory}"
        what = f"{len(gpus)} found, not used: {device.unusable_gpu}" if device.unusable_gpu else detail
        yield Finding("gpu", device.unusable_gpu is None, what, gpu.advice())
    precision = device.precision if settings.precision == "auto" else settings.precision
    is_known = "bf16" in (precision, device.precision) or (graph is not None and device.has_bf16)
    why = "" if is_known else _WHY_F32[device.has_bf16]
    each = f"1 thread, batch size {device.batch_size}, {precision}{why}"
    if graph is not None:
        more = "measured" if device.is_measured else "a worker will measure what is faster"
    else:
        more = f"a model named with :int8 takes {time_in_8_bits(precision)} of the time"
    yield Finding("embedding", None, f"CPU: {_processes(settings)} with {each}; {more}")


def _measured_graph(settings: Settings) -> Path | None:
    """The graph of the configured model, if workers measure how to run it. Another check reports a wrong model."""
    try:
        spec = factories.model_spec(settings)
    except LookalikeError:
        return None
    return graph_path(spec, settings.home) if spec.is_quantized else None


def _decoders(settings: Settings, gpus: Sequence[str]) -> str:
    number = counted(decoders.processes(settings, gpus), "process", "processes")
    return number if settings.concurrency or not decoders.kept(settings, gpus) else f"{number} (measured)"


def _processes(settings: Settings) -> str:
    return counted(settings.processes, "process", "processes")


def variables(settings: Settings) -> Iterator[Finding]:
    names = given()
    yield from warnings("variable", [*check_files(), *check_names(names, setting_names())])
    shown = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value != _default(field):
            origin = names.get(PREFIX + name.upper())
            shown.append(f"{name} = {_shown(name, value)}" + (f" ({origin})" if origin else ""))
    yield Finding("settings", None, ", ".join(shown) or "all defaults")


def _default(field: FieldInfo) -> Any:
    with suppress(BadSetting):  # a user without a home folder has set LOOKALIKE_HOME
        return field.get_default(call_default_factory=True, validated_data={})
    return None


def _shown(name: str, value: Any) -> str:
    """The value with secrets removed."""
    if isinstance(value, SecretStr):
        return plain_address(value.get_secret_value()) if name.endswith("_url") else "***"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

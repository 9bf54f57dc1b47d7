"""The files that a graph reads beside its own: they must be in its folder, wherever a name or a link leads."""

from pathlib import Path, PurePosixPath

from lookalike.errors import ModelUnavailable
from lookalike.shown import shown


def paths(model: Path, names: tuple[str, ...]) -> list[Path]:
    """Where these files are. Raises ModelUnavailable for one that is elsewhere, or cannot be read."""
    return [_path(model, name) for name in names]


def _path(model: Path, name: str) -> Path:
    if not _is_below(name):
        raise _outside(model, name)
    path = model.parent / name
    try:
        if not path.resolve(strict=True).is_relative_to(model.parent.resolve()):
            raise _outside(model, name)
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise _missing(model, name) from error
    if not is_file:
        raise _missing(model, name)
    return path


def _is_below(name: str) -> bool:
    """Whether the name is one of a file in this folder or below, on every system."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and not {"\\", ":", "\0"} & set(name)


def _outside(model: Path, name: str) -> ModelUnavailable:
    what = f"{model} reads its weights from {shown(name)}, which is not in its folder."
    return ModelUnavailable(what, "Put the file itself, no link, beside the model, or export the model again.")


def _missing(model: Path, name: str) -> ModelUnavailable:
    what = f"{model} reads its weights from {shown(name)}, which is not a file beside it."
    return ModelUnavailable(what, "Download it as well, into the same folder.")

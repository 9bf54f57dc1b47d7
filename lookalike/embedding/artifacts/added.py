"""Models that somebody brought, kept under a name: a description, written atomically, and a copy of the files.

HOME/added/<name>.json        the spec, with the path of the file below HOME/added, and where it came from
HOME/added/files/<digest>/    the file, as model.onnx for example, and what it reads; the same files are there once.
                              The encoder of texts and its tokenizer likewise
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lookalike.embedding.artifacts import saved_models
from lookalike.embedding.artifacts.saved_models import ADDED
from lookalike.embedding.specs import ir_file, model_file
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.embedding.text.files import tokenizer_data
from lookalike.embedding.text.side import TextSide
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.shown import clause

_FILES = "files"
#: What the copy of a file is called, without its suffix.
_NAME = "model"
#: How the name of a copy begins that is not whole yet.
_PART = ".part-"
#: An unfinished copy that is younger is another process's, or is removed the next time.
YOUNG_S = 60.0
#: Digits of a digest in the name of a folder.
_DIGITS = 16


@dataclass(frozen=True)
class Added:
    """`spec` names the copy of the file, `source` the file itself. `added_at` is UTC ISO 8601."""

    name: str
    spec: ModelSpec
    source: str
    added_at: str


def check_name(home: Path, name: str, *, replace_existing: bool) -> None:
    """Raises BadSetting for a name that is invalid or taken."""
    saved_models.check_name(ADDED, home, name, replace_existing=replace_existing)


def exists(home: Path, name: str) -> bool:
    return ADDED.exists(home, name)


def names(home: Path) -> list[str]:
    """The added models under `home`, sorted."""
    return ADDED.names(home)


def files(home: Path) -> Path:
    """The folder of the copies."""
    return home / ADDED.word / _FILES


def write(home: Path, name: str, spec: ModelSpec, added_at: str) -> Added:
    """Keep the model of a file as `name`: its files first, then its description. Raises DiskFull, ModelUnavailable."""
    root = ADDED.path(home, name).parent
    with ADDED.translated(home):
        file = _copied(root / _FILES, Path(spec.weights), str(spec.weights_sha256))
        text = {} if spec.text is None else _text_copied(root / _FILES, spec.text)
    about = {
        "spec": json.loads(spec.to_json()),
        "file": str(file.relative_to(root)),
        "text": {part: str(path.relative_to(root)) for part, path in text.items()},
        "source": spec.weights,
        "added_at": added_at,
    }
    ADDED.write(home, name, lambda file: file.write(json.dumps(about, indent=2, sort_keys=True).encode()))
    return read(home, name)


def read(home: Path, name: str) -> Added:
    """The added model of that name. Raises ModelUnavailable if it is missing or damaged."""
    path = ADDED.path(home, name)
    try:
        about = json.loads(path.read_bytes())
        # The home may have been moved.
        file = (path.parent / about["file"]).absolute()
        spec = replace(ModelSpec.from_json(json.dumps(about["spec"])), name=name, weights=str(file))
        if spec.text is not None:
            model, tokenizer = (str((path.parent / about["text"][part]).absolute()) for part in ("model", "tokenizer"))
            spec = replace(spec, text=replace(spec.text, model=model, tokenizer=tokenizer))
        return Added(name, spec, str(about["source"]), str(about["added_at"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError, BadSetting) as error:
        what = f"The added model {path} is damaged: {clause(error)}."
        raise ModelUnavailable(what, "Add the model again with --replace.") from error


def _text_copied(files: Path, side: TextSide) -> dict[str, Path]:
    """The copies of the files of a text side, by their names in it. Raises as `_copied`."""
    data = tokenizer_data(Path(side.tokenizer))
    if hashlib.sha256(data).hexdigest() != side.tokenizer_sha256:
        raise ModelUnavailable(f"The tokenizer {side.tokenizer} changed while it was being read.", "Start again.")
    tokenizer = files / side.tokenizer_sha256[:_DIGITS] / "tokenizer.json"
    saved_models.write_file(tokenizer, lambda file: file.write(data))
    return {"model": _copied(files, Path(side.model), side.model_sha256), "tokenizer": tokenizer}


def _copied(files: Path, source: Path, sha256: str) -> Path:
    """The copy of a file, with what it reads, in a folder that is made whole or not at all."""
    folder = files / sha256[:_DIGITS]
    copy = _renamed(folder, source, source)
    if _is_whole(copy, sha256):
        return copy
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder.parent)
    part = Path(tempfile.mkdtemp(prefix=_PART, dir=folder.parent))
    # mkdtemp makes it private, but in a container image another user reads it.
    part.chmod(0o755)
    lock = _locked(part)
    try:
        _fill(part, source)
        if not _is_whole(_renamed(part, source, source), sha256):
            raise ModelUnavailable(f"The model file {source} changed while it was being read.", "Start again.")
        part.rename(folder)
    except OSError:
        # Another process may have made the same copy meanwhile.
        if not _is_whole(copy, sha256):
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)
    return copy


def _locked(part: Path) -> int:
    """A descriptor that locks the folder: the lock ends with its process, even if that is killed."""
    lock = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    with suppress(OSError):  # a file system without locks
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _remove_leftovers(files: Path) -> None:
    """Remove the unfinished copies of processes that were killed."""
    for part in files.glob(f"{_PART}*"):
        with suppress(OSError):
            lock = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # One that was made a moment ago may not be locked yet.
                if time.time() - part.stat().st_mtime > YOUNG_S:
                    shutil.rmtree(part)
            finally:
                os.close(lock)


def _is_whole(copy: Path, sha256: str) -> bool:
    try:
        return model_file.sha256_of(copy) == sha256
    except ModelUnavailable:
        return False


def _fill(folder: Path, source: Path) -> None:
    for path in model_file.parts_of(source):
        to = _renamed(folder, source, path)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def _renamed(folder: Path, source: Path, path: Path) -> Path:
    """Where a part of `source` is copied to. Only an ONNX file names what it reads, which must stay as it is called."""
    is_weights = source.suffix.lower() == ir_file.SUFFIX and path == source.with_suffix(ir_file.WEIGHTS)
    if path == source or is_weights:
        return folder / f"{_NAME}{path.suffix}"
    return folder / path.relative_to(source.parent)

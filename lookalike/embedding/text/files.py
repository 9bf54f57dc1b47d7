"""Describes the text side that lies in files: their digests, and what the files beside them say."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.embedding.specs import model_file
from lookalike.embedding.specs.regular import opened
from lookalike.embedding.text.side import TextSide
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.shown import clause

#: Larger ones are no tokenizers: the largest that are in use have 35 MB.
MAX_TOKENIZER_BYTES = 2**28
#: Beside a tokenizer; it says after how many tokens a text is cut, and which token fills up a shorter one.
TOKENIZER_CONFIG = "tokenizer_config.json"
#: A greater number there means that there is no limit.
MOST_TOKENS = 2**16


@dataclass(frozen=True)
class TextFiles:
    """The files of a text side, and its options (see `TextSide`). `length` and `padding` None: what the tokenizer's
    configuration says, if there is one."""

    model: Path
    tokenizer: Path
    length: int | None = None
    is_padded: bool = False
    padding: str | None = None
    is_lowercase: bool = False
    output: str | None = None


def side_of(files: TextFiles) -> TextSide:
    """Raises BadSetting for another kind of file, ModelUnavailable for one that cannot be read."""
    if files.length is not None and not 0 < files.length <= MOST_TOKENS:
        raise BadSetting(f"{files.length} is no number of tokens.", f"Give a length from 1 to {MOST_TOKENS:,}.")
    config = _config(files.tokenizer)
    return TextSide(
        model=str(files.model.absolute()),
        model_sha256=model_digest(files.model),
        tokenizer=str(files.tokenizer.absolute()),
        tokenizer_sha256=hashlib.sha256(tokenizer_data(files.tokenizer)).hexdigest(),
        length=files.length or _length(config),
        is_padded=files.is_padded,
        padding=files.padding or _padding(config),
        is_lowercase=files.is_lowercase,
        output=files.output,
    )


def model_digest(path: Path) -> str:
    """A digest of an encoder and of all that its file reads. Raises BadSetting for another kind of file,
    ModelUnavailable for one that cannot be read."""
    if not path.name.lower().endswith(model_file.SUFFIXES):
        raise BadSetting(
            f"{path} is not a text encoder that can be read.", "Give a .keras file, an .onnx file or OpenVINO's .xml."
        )
    return model_file.sha256_of(path)


def tokenizer_data(path: Path) -> bytes:
    """The content of a `tokenizer.json`. Raises ModelUnavailable."""
    try:
        with opened(path) as file:
            data = file.read(MAX_TOKENIZER_BYTES + 1)
    except OSError as error:
        raise ModelUnavailable(
            f"The tokenizer {path} cannot be read: {clause(error.strerror or error)}.", "Correct its path."
        ) from error
    if len(data) > MAX_TOKENIZER_BYTES:
        what = f"The tokenizer {path} has more than {MAX_TOKENIZER_BYTES:,} bytes."
        raise ModelUnavailable(what, "Give the file tokenizer.json that belongs to the text encoder.")
    return data


def _config(tokenizer: Path) -> dict[str, Any]:
    """The configuration beside a tokenizer, empty if there is none that can be read."""
    try:
        with opened(tokenizer.with_name(TOKENIZER_CONFIG)) as file:
            found = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _length(config: dict[str, Any]) -> int | None:
    length = config.get("model_max_length")
    return length if isinstance(length, int) and 0 < length <= MOST_TOKENS else None


def _padding(config: dict[str, Any]) -> str | None:
    token = config.get("pad_token")
    # Some describe it.
    token = token.get("content") if isinstance(token, dict) else token
    return token if isinstance(token, str) else None

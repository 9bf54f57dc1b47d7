"""What the text side of a model is: an encoder, the tokenizer that it was trained with, and how they fit together."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

#: Increase it when the same side gives different vectors.
TEXT_VERSION = 1
#: `model` and `tokenizer` of the word vectors that come with the install (words.py).
INSTALL = "install"
#: Paths do not affect vectors.
_NOT_HASHED = ("model", "tokenizer")


@dataclass(frozen=True, kw_only=True)
class TextSide:
    """`model` is the file of an encoder, `tokenizer` a `tokenizer.json`; each with the digest of its content. Both are
    `install` for word vectors, which are no graph and need no tokenizer.

    A text is cut after `length` tokens; None: as the tokenizer says. `is_padded`: a shorter one is filled up to that
    length with the token `padding`; None: the one that the tokenizer says. `is_lowercase`: capital letters are made
    small before. `output` names the output of the encoder that is the vector, if there are several.
    """

    model: str
    model_sha256: str
    tokenizer: str
    tokenizer_sha256: str
    length: int | None = None
    is_padded: bool = False
    padding: str | None = None
    is_lowercase: bool = False
    output: str | None = None

    @property
    def is_of_words(self) -> bool:
        """Whether it is a table of word vectors, which needs neither OpenVINO nor the library tokenizers."""
        return self.model == INSTALL

    def content(self) -> dict[str, Any]:
        """What affects vectors."""
        known = {key: value for key, value in asdict(self).items() if key not in _NOT_HASHED}
        return known | {"version": TEXT_VERSION}

    @property
    def digest(self) -> str:
        """16 hex digits over what affects vectors."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


_WORDS_SHA256 = "2c3aabf8aac6e4adb18457617858908cc4cc84db54e1337da195fedd968a00f8"
#: The word vectors that come with the install.
WORDS = TextSide(model=INSTALL, model_sha256=_WORDS_SHA256, tokenizer=INSTALL, tokenizer_sha256=_WORDS_SHA256)

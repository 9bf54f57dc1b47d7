"""Cuts texts into tokens with a `tokenizer.json`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from lookalike.embedding.text.files import MOST_TOKENS
from lookalike.embedding.text.side import TextSide
from lookalike.errors import BadQuery, ModelUnavailable, PermanentError
from lookalike.extras import requiring
from lookalike.shown import clause, shown

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: After so many tokens a text is cut if nothing says after how many: it is a long question, and every encoder takes it.
DEFAULT_LENGTH = 64
_ADVICE = "Give the file tokenizer.json that belongs to the text encoder."
#: What the library raises where its Rust gives up. It is no Exception, and can be imported from nowhere.
_PANIC = "PanicException"


class Lengths(NamedTuple):
    """After how many tokens a text is cut, and up to how many it is filled; None: it is not."""

    cut: int
    filled: int | None


class Tokens(NamedTuple):
    """The numbers of a text's tokens, and how many of them are no padding."""

    ids: list[int]
    length: int


class TextTokenizer:
    """The tokenizer of a text side. Threads may share it, once its lengths are set."""

    def __init__(self, data: bytes, side: TextSide) -> None:
        """`data` is the content of the file. Raises ModelUnavailable, MissingExtra."""
        self._tokenizer = _read(data, side)
        self._side = side
        self.lengths = _lengths(self._tokenizer, side)
        self._padding = _padding(self._tokenizer, side)
        # A text that has such a token as a word must not end there.
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.no_padding()

    @property
    def size(self) -> int:
        """More than the number of any token."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    @property
    def knows_padding(self) -> bool:
        """Whether anything says which token fills up a text."""
        return self._padding is not None

    def set_lengths(self, lengths: Lengths) -> None:
        """Raises ModelUnavailable if a text has no place."""
        always = self._tokenizer.num_special_tokens_to_add(False)
        if lengths.cut <= always:
            raise ModelUnavailable(
                f"The tokenizer {self._side.tokenizer} adds {always} tokens to each text, which is cut after "
                f"{lengths.cut}.",
                _ADVICE,
            )
        self._tokenizer.enable_truncation(lengths.cut)
        self.lengths = lengths

    def __call__(self, text: str) -> Tokens:
        """Raises BadQuery if the text has no token that the tokenizer knows."""
        # It fails for a word that a vocabulary without unknown words does not have, for example.
        with _refusing(lambda why: BadQuery(f"The model cannot read {shown(text)}: {why}.", "Use other words.")):
            ids = self._tokenizer.encode(text.lower() if self._side.is_lowercase else text).ids
        if not ids:
            raise BadQuery(f"The model knows no word of {shown(text)}.", "Use other words.")
        filling = [self._padding or 0] * ((self.lengths.filled or 0) - len(ids))
        return Tokens(ids + filling, len(ids))


def _read(data: bytes, side: TextSide) -> "Tokenizer":
    with requiring("Searching by text", "text"):
        from tokenizers import Tokenizer
    with _refusing(lambda why: ModelUnavailable(f"The tokenizer {side.tokenizer} cannot be used: {why}.", _ADVICE)):
        return Tokenizer.from_buffer(data)


@contextmanager
def _refusing(refusal: Callable[[str], PermanentError]) -> Iterator[None]:
    """Raises what `refusal` makes of a failure of the library: a file from elsewhere can fail anywhere in it, with any
    exception."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise refusal(clause(error)) from error


def _lengths(tokenizer: "Tokenizer", side: TextSide) -> Lengths:
    """What the side says, else what the file says. Raises ModelUnavailable."""
    truncation, padding = tokenizer.truncation, tokenizer.padding
    cut = side.length or (int(truncation["max_length"]) if truncation else DEFAULT_LENGTH)
    fixed = cut if side.is_padded else int(padding["length"]) if padding and padding.get("length") else None
    if fixed is not None and fixed > MOST_TOKENS:
        raise ModelUnavailable(f"The tokenizer {side.tokenizer} fills each text up to {fixed:,} tokens.", _ADVICE)
    return Lengths(min(cut, fixed or cut), fixed)


def _padding(tokenizer: "Tokenizer", side: TextSide) -> int | None:
    """The number of the token that fills up texts. Raises ModelUnavailable for a token that the tokenizer lacks."""
    if side.padding is not None:
        number = tokenizer.token_to_id(side.padding)
        if number is None:
            raise ModelUnavailable(
                f"The tokenizer {side.tokenizer} has no token {shown(side.padding)} to fill up texts with.", _ADVICE
            )
        return number
    return int(tokenizer.padding["pad_id"]) if tokenizer.padding else None

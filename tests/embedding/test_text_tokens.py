"""Texts as the numbers of their tokens."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from lookalike.embedding.text.side import TextSide
from lookalike.embedding.text.tokens import DEFAULT_LENGTH, Lengths, TextTokenizer
from lookalike.errors import BadQuery, ModelUnavailable

WORDS = {"red": 0, "apple": 1, "[UNK]": 2}
#: They stand around texts, with the numbers 3, 4 and 5.
SPECIAL = ["<pad>", "<s>", "</s>"]
SIDE = TextSide(model="text.onnx", model_sha256="", tokenizer="tokenizer.json", tokenizer_sha256="")
#: Changes a tokenizer before it is written.
Change = Callable[[Tokenizer], None]


def written(change: Change = lambda tokenizer: None, unknown: str = "[UNK]") -> bytes:
    """A tokenizer of whole words that puts <s> before a text and </s> behind it."""
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 4), ("</s>", 5)]
    )
    change(tokenizer)
    return tokenizer.to_str().encode()


def made(data: bytes, side: TextSide = SIDE, lengths: Lengths | None = None) -> TextTokenizer:
    tokenizer = TextTokenizer(data, side)
    tokenizer.set_lengths(lengths or tokenizer.lengths)
    return tokenizer


def test_a_text_is_cut_before_the_tokens_that_end_it() -> None:
    tokenizer = made(written(), replace(SIDE, length=4))
    assert tokenizer("red apple red red") == ([4, 0, 1, 5], 4)
    assert tokenizer("red") == ([4, 0, 5], 3)
    assert tokenizer.size == len(WORDS) + len(SPECIAL)


def test_a_shorter_text_is_filled_with_the_token_for_it() -> None:
    tokenizer = made(written(), replace(SIDE, length=6, is_padded=True, padding="<pad>"))
    assert tokenizer("red apple") == ([4, 0, 1, 5, 3, 3], 4)
    named = made(written(lambda one: one.enable_padding(pad_id=1)), replace(SIDE, length=4, is_padded=True))
    assert named("red") == ([4, 0, 5, 1], 3)
    assert named.knows_padding and not made(written()).knows_padding
    with pytest.raises(ModelUnavailable, match="has no token '<none>' to fill up texts with"):
        made(written(), replace(SIDE, padding="<none>"))


def test_the_file_says_the_lengths_that_nobody_else_says() -> None:
    def cut(tokenizer: Tokenizer) -> None:
        tokenizer.enable_truncation(9)
        tokenizer.enable_padding(length=7)

    assert made(written()).lengths == Lengths(DEFAULT_LENGTH, None)
    assert made(written(lambda one: one.enable_truncation(9))).lengths == Lengths(9, None)
    assert made(written(cut)).lengths == Lengths(7, 7)
    assert made(written(cut), replace(SIDE, length=5)).lengths == Lengths(5, 7)


def test_a_token_with_a_meaning_is_a_word_in_a_text() -> None:
    assert made(written())("red </s> apple") == ([4, 0, 2, 1, 5], 5)


def test_capital_letters_are_made_small_for_an_encoder_that_knows_none() -> None:
    assert made(written())("RED").ids == [4, 2, 5]
    assert made(written(), replace(SIDE, is_lowercase=True))("RED").ids == [4, 0, 5]


def test_a_text_without_a_known_word_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadQuery, match=r"cannot read 'blue': .*UNK"):
        made(written(unknown="none"))("blue")

    def bare(tokenizer: Tokenizer) -> None:
        tokenizer.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])

    with pytest.raises(BadQuery, match="knows no word of '  '"):
        made(written(bare))("  ")


def test_a_tokenizer_in_which_the_library_gives_up_is_refused_with_a_sentence() -> None:
    def fill(tokenizer: Tokenizer) -> None:
        tokenizer.enable_padding(length=10**8)

    merges = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"], "continuing_subword_prefix": "##"}
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json cannot be used: slice index"):
        made(json.dumps(json.loads(written()) | {"model": merges}).encode())
    with pytest.raises(ModelUnavailable, match="fills each text up to 100,000,000 tokens"):
        made(written(fill))
    nameless = json.loads(written())
    nameless["post_processor"]["special_tokens"] = {}
    with pytest.raises(BadQuery, match="cannot read 'red': "):
        made(json.dumps(nameless).encode())("red")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\x00", b"[" * 100_000, b'{"model": {"type": "BPE"}}'])
def test_what_is_no_tokenizer_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json cannot be used"):
        TextTokenizer(data, SIDE)


def test_an_encoder_of_fewer_tokens_than_stand_around_a_text_does_not_fit() -> None:
    with pytest.raises(ModelUnavailable, match="adds 2 tokens to each text, which is cut after 2"):
        made(written(), lengths=Lengths(2, 2))

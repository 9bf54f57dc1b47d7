"""Phrases as regular expressions of Rust, which have classes of Unicode but cannot look around."""

import re
from itertools import pairwise

from lookalike.index.words import (
    BETWEEN_ANY,
    BETWEEN_DIGITS,
    BETWEEN_LETTERS,
    CIRCLED,
    EMOJI,
    KATAKANA,
    SINGLE,
    UNSPACED,
    Ranges,
    class_of,
    words,
)


def _ranges(ranges: Ranges) -> str:
    return "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges)


def _characters(characters: str) -> str:
    return "".join(rf"\x{{{ord(character):x}}}" for character in characters)


_OTHER = _ranges((*SINGLE, *KATAKANA, *UNSPACED))
_LETTER = rf"[[\p{{L}}\p{{Nl}}]--[{_OTHER}]]{_ranges(CIRCLED)}"
_MARK = r"\p{M}[\p{Cf}--\x{200b}]"
_CONNECTOR = r"\p{Pc}\x{202f}"
_RUN = rf"{_LETTER}\p{{Nd}}{_CONNECTOR}"
#: Every character that is in a word, but for marks.
_ANY = rf"{_RUN}{_OTHER}{_ranges(EMOJI)}"
#: By the class of a word's first or last character: what does not part a word, and between which characters.
_JOINTS = {
    "A": (_characters(BETWEEN_LETTERS + BETWEEN_ANY), _LETTER),
    "N": (_characters(BETWEEN_DIGITS + BETWEEN_ANY), r"\p{Nd}"),
}
#: Likewise: the characters that would belong to the same word if they were beside it.
_SAME = {
    "A": _RUN,
    "N": _RUN,
    "E": _RUN + _ranges(KATAKANA),
    "K": _ranges(KATAKANA) + _CONNECTOR,
    "S": _ranges(UNSPACED),
}
#: Between two words of one character each: what is usual there. A phrase may have a thousand of them, and an expression
#: has a bounded size, so that a class of Unicode would be too large.
_SIGNS = (
    r"[\x00-\x1d\x1f-\x2f:-@\[-^`{-\xa9"
    r"\x{2000}-\x{206f}\x{3000}-\x{3003}\x{3008}-\x{3020}\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff20}]"
)
#: Letters that are upper case too: the Turkish dotted I, the signs for kelvin and angstrom.
_FURTHER_UPPER = {"i": "\u0130", "k": "\u212a", "\u00e5": "\u212b"}
_OF_RUNS = frozenset("ANE")


def phrase(text: str, *, between: str) -> str:
    """The expression for texts with these words one after the other, in upper or lower case; "" if there are none. The
    character `between` two texts ends a phrase."""
    found = words(text)
    if not found:
        return ""
    pattern = _before(class_of(found[0][0])) + _word(found[0])
    for one, other in pairwise(found):
        pattern += _gap(_last_class(one), class_of(other[0]), re.escape(between)) + _word(other)
    return pattern + _behind(_last_class(found[-1]))


def _word(word: str) -> str:
    return "".join(map(_either_case, word))


def _either_case(character: str) -> str:
    """The character in lower and in upper case. `(?i)` would take more for the same: for an s also the long s."""
    # Of the Turkish dotted I, Python's lower case has two characters.
    low = character.lower()[0]
    upper = (low.upper(), character.upper(), _FURTHER_UPPER.get(low, ""))
    same = {low, *(one for one in upper if len(one) == 1 and one.lower()[0] == low)} - {character}
    return f"[{character}{''.join(sorted(same))}]" if same else re.escape(character)


def _last_class(word: str) -> str:
    """The class of its last character that is no mark."""
    return next(found for character in reversed(word) if (found := class_of(character)) != "X")


def _before(kind: str) -> str:
    if kind not in _SAME:
        return ""
    if kind not in _JOINTS:
        return f"(?:^|[^{_SAME[kind]}{_MARK}])"
    joints, sides = _JOINTS[kind]
    return f"(?:^|[^{_SAME[kind]}{_MARK}{joints}]|(?:^|[^{sides}{_MARK}])[{joints}])"


def _behind(kind: str) -> str:
    if kind not in _JOINTS:
        return f"(?:$|[^{_SAME.get(kind, '')}{_MARK}])"
    joints, sides = _JOINTS[kind]
    return f"(?:$|[^{_SAME[kind]}{_MARK}{joints}]|[{joints}](?:$|[^{sides}]))"


def _gap(one: str, other: str, between: str) -> str:
    """What may stand between two words that begin and end so: something that parts them, but no further word."""
    rest = f"[^{_ANY}{between}]*"
    first = f"[^{_ANY}{_MARK}{between}]"
    if one == other and one in _JOINTS:
        joints, _ = _JOINTS[one]
        return f"(?:[^{_ANY}{_MARK}{between}{joints}]|[{joints}][^{_ANY}{between}]){rest}"
    if {one, other} <= _OF_RUNS or (one == other and one in _SAME):
        return first + rest
    return (_SIGNS if one == other == "I" else first) + "*"

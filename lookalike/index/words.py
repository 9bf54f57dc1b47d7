"""The words of texts, as OpenSearch's analyzer `standard` finds them. Knows no backend.

It follows Unicode's rules (https://unicode.org/reports/tr29/#Word_Boundaries): `it's`, `3.14` and `foo_bar` are one
word each, a Chinese character, a hiragana and an emoji too, and marks belong to the character before them.
"""

import re
import unicodedata
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

#: Characters that are words of their own: CJK ideographs and hiragana.
SINGLE: Ranges = (
    *((0x2E80, 0x2FD5), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3041, 0x3096), (0x309D, 0x309F)),
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x1B001, 0x1B11F), (0x20000, 0x3FFFF)),
)
KATAKANA: Ranges = (
    *((0x3031, 0x3035), (0x309B, 0x309C), (0x30A0, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF)),
    *((0x32D0, 0x32FE), (0x3300, 0x3357), (0xFF66, 0xFF9D)),
)
#: Thai, Lao, Myanmar, Khmer and others, which have no spaces between words: a run of their letters and marks.
UNSPACED: Ranges = (
    *((0x0E01, 0x0E4E), (0x0E80, 0x0ECF), (0x0EDA, 0x0EFF), (0x1000, 0x103F), (0x1050, 0x108F), (0x109A, 0x109F)),
    *((0x1780, 0x17D3), (0x17D7, 0x17DD), (0x1950, 0x19CF), (0x1A20, 0x1A7F), (0xA9E0, 0xA9EF), (0xAA60, 0xAADF)),
)
EMOJI: Ranges = ((0x2600, 0x27BF), (0x1F000, 0x1FAFF))
#: Letters that Unicode counts as symbols.
CIRCLED: Ranges = ((0x24B6, 0x24E9),)
#: Between two letters, between two letters or two digits, and between two digits: they do not part a word.
BETWEEN_LETTERS = ":\u00b7\u0387\u05f4\u2027\ufe13\ufe55\uff1a"
BETWEEN_ANY = "'.\u2018\u2019\u2024\ufe52\uff07\uff0e"
BETWEEN_DIGITS = ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b"

#: OpenSearch cuts longer words.
LONGEST_WORD = 255

#: A word as the classes of its characters: letters and digits, katakana, with connectors, or one of the other kinds.
_RUN = "(?:(?:AX*(?:[:.]X*(?=A))?|NX*(?:[,.]X*(?=N))?)+|(?:KX*)+)"
_WORD = re.compile(f"(?:EX*)*{_RUN}(?:(?:EX*)+{_RUN}?)*|(?:SX*)+|IX*|PX*")


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    classes = "".join(map(class_of, text))
    return [text[found.start() : found.end()] for found in _WORD.finditer(classes)]


@lru_cache(maxsize=4096)
def class_of(character: str) -> str:
    """`A` letter, `N` digit, `E` connector such as `_`, `K` katakana, `S` of a script without spaces, `I` a word of its
    own, `P` emoji, `X` mark, `:`, `.` and `,` what stands within words, or a space."""
    code = ord(character)
    for name, ranges in (("I", SINGLE), ("K", KATAKANA), ("S", UNSPACED), ("P", EMOJI), ("A", CIRCLED)):
        if any(first <= code <= last for first, last in ranges):
            return name if name != "S" or unicodedata.category(character)[0] in "LM" else _by_category(character)
    for name, characters in ((":", BETWEEN_LETTERS), (".", BETWEEN_ANY), (",", BETWEEN_DIGITS)):
        if character in characters:
            return name
    return _by_category(character)


def _by_category(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "L" or category == "Nl":
        return "A"
    if category[0] == "M" or (category == "Cf" and character != "\u200b"):
        return "X"
    return {"Nd": "N", "Pc": "E"}.get(category, "E" if character == "\u202f" else " ")

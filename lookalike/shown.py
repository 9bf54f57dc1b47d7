"""Texts from outside (names, paths, values of callers) as people may read them: on one line, short, and harmless.

A file may be called anything. Control characters move the cursor, erase lines or ring; line breaks forge lines of their
own; bidirectional controls reverse what follows; lone surrogates cannot be encoded. Everything that is shown goes
through `visible`: on terminals, in errors, in logs, in notebooks and in pages.
"""

import re
import shlex
from html import escape

#: Most characters of a value that a message repeats.
LONGEST = 300

#: What `visible` escapes. All else stays as it is, spaces of every width and joiners included: people copy names.
_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters (Unicode 16, category Cc)
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidirectional controls (Unicode UAX 9, 2)
    "\u00ad\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, so that two names look the same
    "\ud800-\udfff\ufffe\uffff"  # lone surrogates and noncharacters, which UTF-8 or XML cannot hold
    "]"
)


def visible(text: str) -> str:
    """The text on one line, with each character that no terminal should get as Python's escape: `\\x1b`, `\\u202e`."""
    return _UNSAFE.sub(_escaped, text)


def as_html(text: str) -> str:
    """The text in a page, as content or in a quoted attribute."""
    return escape(visible(text))


def as_argument(text: str) -> str:
    """The text as one word of a shell line that people copy."""
    if _UNSAFE.search(text) is None:
        return shlex.quote(text)
    # POSIX shells (since 2024), bash and zsh read escapes in $'...'.
    return "$'" + _UNSAFE.sub(_as_bytes, text.replace("\\", r"\\").replace("'", r"\'")) + "'"


def _as_bytes(found: re.Match[str]) -> str:
    # A path that is not UTF-8 has its bytes as lone surrogates.
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape"))


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def shown(value: object, longest: int = LONGEST) -> str:
    """The value as Python writes it, shortened."""
    try:
        return shortened(repr(value), longest)
    except ValueError:
        # Python refuses to write a whole number of thousands of digits.
        return f"a very long {type(value).__name__}"


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, without its middle if it is too long: a path is recognized by its beginning and its end."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


def printable(text: str) -> str:
    """The text, shortened, on one line that a terminal can print."""
    return visible(shortened(text))


def clause(reason: object) -> str:
    """What a library says, for the end of a sentence: on one line, without its full stop."""
    return " ".join(str(reason).split()).rstrip(".")


def kind_of(value: object) -> str:
    """The type of a value, to begin a sentence: "An int", "A list", "None"."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'An' if name[0].lower() in 'aeiou' else 'A'} {name}"

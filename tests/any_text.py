"""Any text, for tests of names: with pieces that terminals, shells, URLs and pages read in their own ways.

The examples are the same in every run.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FIXED = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), max_examples=100
)
FEW = settings(FIXED, max_examples=12)
#: Pieces that terminals, markup, shells, URLs, globs, SQL and JSON read in their own ways, between any characters.
ODD = [
    "\x1b[31m",
    "\n",
    "\r",
    "[/red]",
    ":cat:",
    "'",
    '"',
    "\\",
    "%",
    "#",
    "?",
    "*",
    "{}",
    "$(x)",
    "`",
    "<b>",
    "\u202e",
    "--",
]
pieces = st.sampled_from(ODD) | st.text(st.characters(exclude_characters="\0"), max_size=6)
texts = st.lists(pieces, min_size=1, max_size=5).map("".join)
#: As a shell passes them: bytes that are not UTF-8 are lone surrogates.
words = texts.map(lambda text: os.fsdecode(text.encode("utf-8", "replace"))) | st.binary(min_size=1, max_size=9).map(
    lambda data: os.fsdecode(data.replace(b"\0", b""))
)

"""The page that lists all decision records."""

import re
from pathlib import PurePosixPath

from documentation.pages import DOCS, ROOT

INDEX = PurePosixPath("decisions/index.md")
HEAD = """# Decisions

Each record says what was decided, in which context, and with which consequence. The newest is first.

"""


def index_page() -> str:
    """The page as Markdown, from the titles of the records."""
    records = sorted((ROOT / DOCS / INDEX.parent).glob("[0-9]*.md"), reverse=True)
    titles = ((path.name, path.read_text(encoding="utf-8").splitlines()[0]) for path in records)
    return HEAD + "".join(f"- [{re.sub(r'^# 0*', '', title)}]({name})\n" for name, title in titles)

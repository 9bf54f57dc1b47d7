"""What an HTML comment before a block says of it: readers of the page do not see it, readers of the source do.

| comment | the block |
| --- | --- |
| `<!-- not run: needs a GPU -->` | is not run, for this reason; its commands must exist all the same |
| `<!-- run by tests/reading/test_tables.py -->` | is run by this test, with a scene of its own |
| `<!-- runs on -->` | is one command that does not end by itself; it runs until the end of the page |
| `<!-- exit code 1 -->` | ends with this code, or its last command does |
| `<!-- output -->` | is not typed: it is what the block before prints |

`<!-- before: lookalike ingest ~/Pictures -->` is typed at this place of the page, and prepares what its reader has.
`<!-- page run by tests/operations/test_page.py -->`, anywhere in a page, counts for each program of it
without a mark of its own.
"""

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
_NOT_RUN = re.compile(r"not run: (?=\S)(.+)", re.DOTALL)
_RUN_BY = re.compile(r"run by (tests/[\w./]+\.py)")
_PAGE_RUN_BY = re.compile(r"<!-- page (run by tests/[\w./]+\.py) -->")
_BEFORE = re.compile(r"before: (?=\S)(.+)", re.DOTALL)
_EXIT_CODE = re.compile(r"exit code ([0-9]+)")
#: How a comment begins that is meant as a mark, well written or not.
_MEANT = re.compile(r"(not[ -]run|runs? (on|by)|exit|output)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Mark:
    """`not_run` is the reason, "" for a block that is run. `run_by` is the test that does so, if it is another one."""

    not_run: str = ""
    run_by: str = ""
    exit_code: int = 0
    runs_on: bool = False
    is_output: bool = False


NO_MARK = Mark()


def read_mark(html: str, place: str) -> Mark:
    """The mark of a comment; NO_MARK for any other HTML. Raises ValueError for a mark that is misspelt."""
    comment = _COMMENT.fullmatch(html.strip())
    said = comment[1] if comment else ""
    if reason := _NOT_RUN.fullmatch(said):
        return Mark(not_run=" ".join(reason[1].split()))
    if test := _RUN_BY.fullmatch(said):
        return Mark(run_by=test[1])
    if code := _EXIT_CODE.fullmatch(said):
        return Mark(exit_code=int(code[1]))
    if said in ("runs on", "output"):
        return Mark(runs_on=said == "runs on", is_output=said == "output")
    if _MEANT.match(said):
        raise ValueError(f"{place}: `{said}` is not a mark; documentation/snippets/mark.py lists them.")
    return NO_MARK


def prepared(html: str) -> str:
    """What a comment types that readers do not see; "" for any other HTML."""
    comment = _COMMENT.fullmatch(html.strip())
    before = _BEFORE.fullmatch(comment[1]) if comment else None
    return before[1] if before else ""


def mark_of_page(text: str) -> Mark:
    """The mark of blocks that have none."""
    said = _PAGE_RUN_BY.search(text)
    return read_mark(f"<!-- {said[1]} -->", "") if said else NO_MARK

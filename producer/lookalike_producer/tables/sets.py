"""Tables that a source names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableSet:
    """Tables that belong together: one, or those of a folder or glob. `name` is for messages.

    `is_described`: the table describes the images in its folder, as on Hugging Face. Nobody has named it, so its rows
    may name only what lies below `within`, the folder that the source names (empty: anything). `below` and `pattern`
    are the folder or prefix and the parts of a glob that the tables were found with, if nobody named each of them.
    """

    name: str
    paths: tuple[str, ...]
    is_described: bool = False
    within: str = ""
    below: str = ""
    pattern: tuple[str, ...] = ()

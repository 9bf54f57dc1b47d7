"""Tables that a source names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableSet:
    """Tables that belong together: one, or those of a folder or glob. `name` is for messages.

    `is_described`: the table describes the images in its folder, as on Hugging Face. Nobody has named it, so its rows
    may name only what lies below `within`, the folder that the source names (empty: anything).
    """

    name: str
    paths: tuple[str, ...]
    is_described: bool = False
    within: str = ""

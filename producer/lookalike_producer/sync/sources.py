"""What a caller wants to have compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from lookalike.roots import named_prefixes
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.walk.options import USUAL, WalkOptions


@dataclass(frozen=True)
class Sources:
    """Folders, globs, lists and images by `names`; `label_from` is "parent" or "none".

    `within` are folders and addresses that a list of images is complete for; `options` those of the walk, `columns`
    those of tables. `thorough` reads every image, also what has the etag that it had.
    """

    names: Sequence[str]
    label_from: str = "parent"
    within: Sequence[str] = ()
    options: WalkOptions = USUAL
    columns: TableOptions = AS_FOUND
    thorough: bool = False

    @property
    def web_roots(self) -> tuple[str, ...]:
        """The web addresses that are named: what lies below them may be read."""
        return named_prefixes([*self.names, f"{self.columns.base}/"])

"""Why no image was found."""

from collections.abc import Sequence

from lookalike_producer.places import placed
from lookalike_producer.sources.images import find_images
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.options import WalkOptions


def why_none(sources: Sequence[str], options: WalkOptions) -> str:
    """A sentence for sources in which no image was found. Raises as `find_images` does."""
    if all(isinstance(source, TableSet) for source in placed(sources)):
        return "The table has no rows." if len(sources) == 1 else "The tables have no rows."
    place = "The source holds" if len(sources) == 1 else "The sources hold"
    everything = WalkOptions(options.follow_links, include_hidden=True)
    if (
        STDIN in sources
        or everything == options
        or next(find_images(sources, options=everything, is_preview=True), None) is None
    ):
        return f"{place} no files."
    return f"{place} only files that a walk leaves out. See --include-hidden and --exclude."

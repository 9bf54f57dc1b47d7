"""The images of a part of the sources: what has changed."""

import os
from collections.abc import Iterator
from itertools import chain

from lookalike.records import ImageRef
from lookalike.storage import local_uri
from lookalike_producer.archives.chosen import Chosen
from lookalike_producer.archives.listing import ArchiveLister
from lookalike_producer.labels import has_labels, labeller
from lookalike_producer.part import Part
from lookalike_producer.scope import covered
from lookalike_producer.sources.references import Item, as_references
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import ANY_FOLDERS, Pattern
from lookalike_producer.walk.walker import Unlisted, Walker


def find_changed(
    part: Part, label_from: str, options: WalkOptions, columns: TableOptions = AS_FOUND
) -> Iterator[ImageRef]:
    """The images of a part, as `find_images` finds them. Raises BadSetting, ResourceExhausted."""
    archives = ArchiveLister(options, has_labels(label_from), chosen=Chosen(columns), label=labeller(label_from, ("",)))
    label = labeller(label_from, (scope.folder for scope in part.walked))
    return as_references(_walked(part, options), label, archives)


def _walked(part: Part, options: WalkOptions) -> Iterator[Item]:
    """What a walk through the sources finds of a part."""
    everything = Pattern((ANY_FOLDERS,), include_hidden=options.include_hidden)
    below = (Walker(WalkOptions(include_hidden=options.include_hidden)).walk(one, everything) for one in part.folders)
    files = ((os.path.dirname(path), os.path.basename(path)) for path in part.files)
    for item in chain(files, chain.from_iterable(below)):
        if isinstance(item, Unlisted):
            # A folder may be gone again.
            is_found = os.path.lexists(item.path)
        else:
            is_found = covered(local_uri("/".join(item)), part.walked)
        if is_found:
            yield item

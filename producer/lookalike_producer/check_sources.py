"""What an ingest of sources would read, without a model, an index or a worker."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from lookalike.errors import ImageRejected, SourceUnavailable
from lookalike.reading.places import LOCAL, kind_of
from lookalike.records import ImageRef, Reason
from lookalike.roots import Roots
from lookalike.storage import local_path
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of
from lookalike_producer.places import placed
from lookalike_producer.refused import RefusedReference
from lookalike_producer.seen import each_once
from lookalike_producer.sources import find_images, find_tables
from lookalike_producer.tables.formats import format_of
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.tables.plan import Plan
from lookalike_producer.tables.repeats import Repeats
from lookalike_producer.tables.source import TableSource
from lookalike_producer.walk.options import USUAL, WalkOptions

#: Images, and rejected rows, that are shown.
EXAMPLES = 5
#: After so long the counts are those of a part.
SECONDS = 10.0
#: References between two looks at the clock.
_PER_LOOK = 1000
#: Local files of which it is seen whether they are there: the first ones, and then some of all.
_FIRST_FILES, _EACH = 100, 1000
#: Different labels and suffixes that are counted.
_MOST_DIFFERENT = 10_000


@dataclass(frozen=True)
class CheckedTable:
    """One table, or those of a folder, as `name`: its format, and the columns that are taken."""

    name: str
    description: str
    plan: Plan


@dataclass
class Check:
    """What was found. `is_complete` is False if the time was over before the end of the sources."""

    tables: Sequence[CheckedTable] = ()
    notes: Sequence[str] = ()
    images: int = 0
    is_complete: bool = True
    #: By place: `file`, `s3`, `https` and the like.
    places: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)
    #: Rows that repeat the image of an earlier one.
    repeated: int = 0
    #: Local files that were looked for, and those that are not there.
    looked_for: int = 0
    missing: int = 0
    examples: list[ImageRef] = field(default_factory=list)
    rejected_examples: list[RefusedReference] = field(default_factory=list)
    missing_examples: list[str] = field(default_factory=list)
    #: The first file that is a table by its name, although it was found among images.
    stray_table: str = ""


def check_sources(
    sources: Sequence[str],
    label_from: str = "parent",
    options: WalkOptions = USUAL,
    columns: TableOptions = AS_FOUND,
    seconds: float = SECONDS,
    roots: Roots | None = None,
) -> Check:
    """Look at the sources for at most about `seconds`. `roots` are those of the workers, None if nobody here knows
    them. Raises as `find_images` does before it returns."""
    places = placed(sources)
    tables = find_tables(places, columns, options)
    others = find_images(places, label_from, options, tables=TableSource((), columns), is_preview=True)
    described = [
        CheckedTable(name, sample.descriptions[0], plan)
        for name, sample, plan in zip(tables.names, tables.samples, tables.plans, strict=True)
    ]
    check = Check(described, tuple(tables.notes))
    deadline = time.monotonic() + seconds
    try:
        found = chain(_unrepeated(tables.rows(), check), others)
        # A row names an image that lies beside its table, and is found there as well.
        for ref in _until(deadline, each_once(found) if described else found, check):
            _add(_allowed(ref, roots), check)
    except SourceUnavailable as error:
        check.notes = (*check.notes, error.sentences()[0])
        check.is_complete = False
    return check


def _until(deadline: float, references: Iterator[ImageRef], check: Check) -> Iterator[ImageRef]:
    for number, ref in enumerate(references, start=1):
        yield ref
        if number % _PER_LOOK == 0 and time.monotonic() > deadline:
            check.is_complete = next(references, None) is None
            return


def _unrepeated(references: Iterator[ImageRef], check: Check) -> Iterator[ImageRef]:
    repeats = Repeats()
    for ref in references:
        if isinstance(ref, RefusedReference) or repeats.add(ref.uri):
            yield ref
        else:
            check.repeated += 1


def _allowed(ref: ImageRef, roots: Roots | None) -> ImageRef:
    """The reference, refused if the roots do not allow it. No name is looked up: only an address that is written, or
    this machine, is known to be inside."""
    if roots is None or isinstance(ref, RefusedReference) or scheme_of(ref.uri) not in WEB_SCHEMES | STORE_SCHEMES:
        return ref
    try:
        roots.check_written(ref.uri)
    except ImageRejected as error:
        return RefusedReference(ref.uri, ref.label, ref.metadata, reason=error.reason, detail=error.detail)
    return ref


def _add(ref: ImageRef, check: Check) -> None:
    if isinstance(ref, RefusedReference):
        check.rejected[ref.reason] += 1
        if len(check.rejected_examples) < EXAMPLES:
            check.rejected_examples.append(ref)
        return
    check.images += 1
    check.places[scheme_of(ref.uri) or "file"] += 1
    if not check.stray_table and format_of(ref.uri) is not None:
        check.stray_table = ref.uri
    _count(check.suffixes, os.path.splitext(ref.uri.partition("?")[0])[1].lower())
    if ref.label is not None:
        _count(check.labels, ref.label)
    if len(check.examples) < EXAMPLES:
        check.examples.append(ref)
    if (check.images <= _FIRST_FILES or check.images % _EACH == 0) and kind_of(ref.uri) == LOCAL:
        check.looked_for += 1
        if not _is_there(ref.uri):
            check.missing += 1
            if len(check.missing_examples) < EXAMPLES:
                check.missing_examples.append(ref.uri)


def _count(counts: Counter[str], value: str) -> None:
    if value in counts or len(counts) < _MOST_DIFFERENT:
        counts[value] += 1


def _is_there(uri: str) -> bool:
    try:
        return os.path.lexists(local_path(uri))
    except (ImageRejected, ValueError):
        return False

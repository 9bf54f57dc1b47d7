"""The request for a job that ingests sources."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress

from lookalike import factories
from lookalike.errors import IndexMissing
from lookalike.roots import named_prefixes
from lookalike.settings import Settings
from lookalike_producer.archives.ranges import Uncounted, counted_ranges
from lookalike_producer.devices import Devices
from lookalike_producer.job_request import JobRequest
from lookalike_producer.labels import noted
from lookalike_producer.places import Places, placed
from lookalike_producer.sources import find_images, find_tables
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.tables.source import NO_TABLES, TableSource
from lookalike_producer.walk.options import USUAL, WalkOptions


def ingest_request(
    settings: Settings,
    sources: Sequence[str],
    label_from: str = "parent",
    options: WalkOptions = USUAL,
    columns: TableOptions = AS_FOUND,
    on_checked: Callable[[], object] = lambda: None,
) -> JobRequest:
    """Sources and model are checked now. Raises SourceMissing, BadSetting, ModelUnavailable, what the index raises.

    `on_checked` is called when the sources and the name of the model are right: what takes its time to start can do so
    while the index is looked at.
    """
    places = placed(sources)
    tables = find_tables(places, columns, options)
    find_images(places, label_from, options, tables=tables)
    configured = factories.model_spec(settings)
    on_checked()
    spec = factories.spec_in_place_of(configured, settings)
    if tables.plans:
        with closing(factories.open_index(settings)) as index, suppress(IndexMissing):
            tables.fit(index.fields())
    return JobRequest(
        settings,
        spec,
        source="\n".join(sources),
        references=lambda: noted(
            find_images(places, label_from, options, Devices(settings).add, tables), label_from, tables.notes
        ),
        count=lambda: None if STDIN in sources else _count(places, options, tables),
        notes=tables.notes,
        fields=tables.fields,
        named=named_prefixes([*sources, f"{columns.base}/"]),
    )


def _count(places: Places, options: WalkOptions, tables: TableSource) -> int | None:
    """The number of images, counted while the job runs, but not on standard input, which can be read only once; None
    for archives that would have to be downloaded a second time."""
    try:
        others = sum(1 for _ in find_images(places, options=options, tables=NO_TABLES, open_archive=counted_ranges))
    except Uncounted:
        return None
    return others + tables.count()

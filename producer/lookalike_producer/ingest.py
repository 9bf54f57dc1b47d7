"""The request for a job that ingests sources."""

from collections.abc import Sequence

from lookalike import factories
from lookalike.settings import Settings
from lookalike_producer.devices import Devices
from lookalike_producer.jobs import JobRequest
from lookalike_producer.places import STDIN
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import USUAL, WalkOptions


def ingest_request(
    settings: Settings, sources: Sequence[str], label_from: str = "parent", options: WalkOptions = USUAL
) -> JobRequest:
    """Sources and model are checked now. Raises SourceMissing, BadSetting, ModelUnavailable, what the index raises."""
    find_images(sources, label_from, options)
    spec = factories.working_spec(settings)
    return JobRequest(
        settings,
        spec,
        source="\n".join(sources),
        references=lambda: find_images(sources, label_from, options, Devices(settings).add),
        count=lambda: _count(sources, options),
    )


def _count(sources: Sequence[str], options: WalkOptions) -> int | None:
    """The number of images, counted while the job runs; None for standard input, which can be read only once."""
    return None if STDIN in sources else sum(1 for _ in find_images(sources, options=options))

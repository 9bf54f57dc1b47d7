"""The request for a job that ingests sources."""

from collections.abc import Sequence

from lookalike import factories
from lookalike.settings import Settings
from lookalike_producer.devices import Devices
from lookalike_producer.jobs import JobRequest
from lookalike_producer.places import STDIN
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import USUAL, WalkOptions

#: Sources that the record of a job names; it counts the others.
NAMED = 10


def ingest_request(
    settings: Settings, sources: Sequence[str], label_from: str = "parent", options: WalkOptions = USUAL
) -> JobRequest:
    """Sources and model are checked now. Raises SourceMissing, BadSetting, ModelUnavailable."""
    spec = factories.model_spec(settings)
    find_images(sources, label_from, options)
    return JobRequest(
        settings,
        spec,
        source=described(sources),
        references=lambda: find_images(sources, label_from, options, Devices(settings).add),
        count=lambda: _count(sources, options),
    )


def described(sources: Sequence[str]) -> str:
    """The sources for people, one a line: a shell passes thousands of names for a glob without quotes."""
    more = [f"... and {len(sources) - NAMED:,} more"] if len(sources) > NAMED else []
    return "\n".join([*sources[:NAMED], *more])


def _count(sources: Sequence[str], options: WalkOptions) -> int | None:
    """The number of images, counted while the job runs; None for standard input, which can be read only once."""
    return None if STDIN in sources else sum(1 for _ in find_images(sources, options=options))

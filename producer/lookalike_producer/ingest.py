"""The request for a job that ingests sources."""

from collections.abc import Sequence

from lookalike import factories
from lookalike.settings import Settings
from lookalike_producer.jobs import JobRequest
from lookalike_producer.sources import STDIN, find_images


def ingest_request(settings: Settings, sources: Sequence[str], label_from: str = "parent") -> JobRequest:
    """Sources and model are checked now. Raises SourceMissing, BadSetting, ModelUnavailable."""
    spec = factories.model_spec(settings)
    find_images(sources, label_from)
    return JobRequest(
        settings,
        spec,
        source="\n".join(sources),
        references=lambda: find_images(sources, label_from),
        count=lambda: _count(sources),
    )


def _count(sources: Sequence[str]) -> int | None:
    """The number of images, counted while the job runs; None for standard input, which can be read only once."""
    return None if STDIN in sources else sum(1 for _ in find_images(sources))

"""Check of the model for work on the index."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.embedding.artifacts.cache import find
from lookalike.errors import LookalikeError
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding


def model(settings: Settings) -> Iterator[Finding]:
    spec = _spec(settings)
    built = "built" if find(spec, settings.home) else "not built yet; the first use builds it"
    weights = f", weights from {settings.weights}" if settings.weights else ""
    yield Finding("model", True, f"{spec.name} ({spec.fingerprint}), {spec.size} pixels{weights}, {built}")


def _spec(settings: Settings) -> ModelSpec:
    try:
        return factories.working_spec(settings)
    except LookalikeError:
        # The check of the index says it.
        return factories.model_spec(settings)

"""Check of the configured model."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.embedding.artifacts.cache import find
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding


def model(settings: Settings) -> Iterator[Finding]:
    spec = factories.model_spec(settings)
    built = "built" if find(spec, settings.home) else "not built yet; the first use builds it"
    weights = f", weights from {settings.weights}" if settings.weights else ""
    yield Finding("model", True, f"{spec.name} ({spec.fingerprint}), {spec.size} pixels{weights}, {built}")

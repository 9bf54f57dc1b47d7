"""The configured model, its weights, and whether it is built."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.embedding.artifacts.cache import find
from lookalike.settings import Settings
from lookalike_cli.doctor.finding import Finding


def model(settings: Settings) -> Iterator[Finding]:
    spec = factories.model_spec(settings)
    built = "built" if find(spec, settings.home) else "built with its first use"
    weights = f", weights of {settings.weights}" if settings.weights else ""
    yield Finding("model", True, f"{spec.name} ({spec.fingerprint}), {spec.size} pixels{weights}, {built}")

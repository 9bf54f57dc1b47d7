"""Whether the packages of the embedded worker are installed, checked before it starts. Imports none of them."""

from lookalike import factories
from lookalike.extras import check_installed
from lookalike.settings import Settings


def check_worker_installed(settings: Settings) -> None:
    """Raises MissingExtra. What only building a model needs is checked when a model is built."""
    runtime = "openvino" if settings.runtime == "auto" else settings.runtime
    if runtime == "jax":
        check_installed("jax", needed_by="LOOKALIKE_RUNTIME=jax", extra="gpu")
    check_installed("PIL", "numpy", runtime, needed_by="The embedded stack", extra="embedded")
    if settings.index_location.startswith("lancedb:"):
        factories.check_location(settings, timeout_s=1)

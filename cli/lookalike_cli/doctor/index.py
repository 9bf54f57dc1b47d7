"""The index: the server it is in, whether it takes writes, and what it holds."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.ledger import Ledger
from lookalike.preflight import TIMEOUT_S
from lookalike.settings import Settings
from lookalike_cli.doctor.broker import running_broker
from lookalike_cli.doctor.finding import Finding, to_look_at


def index(settings: Settings) -> Iterator[Finding]:
    """The server first: what it tells explains why the index takes no writes."""
    inspection = factories.inspect_index(settings)
    if inspection is not None:
        clock = "" if inspection.skew_s is None else f", clock {inspection.skew_s:+.1f} s"
        yield Finding("opensearch", True, f"{settings.index_address}: {inspection.server}{clock}")
        yield from to_look_at("opensearch", inspection.diagnostics)
        if inspection.index:
            yield Finding("shards", None, inspection.index)
    yield from to_look_at("index", factories.check_writable(settings))


def documents(settings: Settings) -> Iterator[Finding]:
    # What is wrong with the server is told in the words of `index`, and so once.
    factories.check_place(settings, timeout_s=TIMEOUT_S)
    spec = factories.model_spec(settings)
    opened = factories.open_index(settings)
    try:
        held = opened.model()
    except IndexMissing:
        yield Finding("index", True, f"{settings.index} at {settings.index_address}, created with the first ingest")
        return
    if held.fingerprint != spec.fingerprint:
        raise ModelMismatch(opened.name, str(held), f"{spec.name} ({spec.fingerprint})")
    physical = opened.version()
    sizes = {info.version: info.size_bytes for info in factories.list_indexes(settings)}
    size = f", {sizes[physical] / 2**20:,.1f} MiB" if physical in sizes else ""
    held_here = f"{opened.count():,} documents of {held}{size}"
    yield Finding("index", True, f"{opened.name} ({physical}) at {settings.index_address}: {held_here}")
    if opened.is_loading() and not _is_busy(settings, opened.name):
        advice = f"lookalike index restore {opened.name}"
        yield Finding("load", False, f"{opened.name} is in bulk-load mode, and no job writes to it", advice)


def _is_busy(settings: Settings, name: str) -> bool:
    url = running_broker(settings)
    return url is not None and any(job.index == name for job in Ledger(url).active_jobs())

"""The index: the server it is in, whether it takes writes, and what it holds."""

from collections.abc import Iterator

from cli.doctor.broker import running_broker
from cli.doctor.finding import Finding, to_look_at
from lookalike import configured
from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.ledger import Ledger
from lookalike.preflight import TIMEOUT_S
from lookalike.settings import Settings


def index(settings: Settings) -> Iterator[Finding]:
    """The server first: what it tells explains why the index takes no writes."""
    inspection = configured.inspect_index(settings)
    if inspection is not None:
        clock = "" if inspection.skew_s is None else f", clock {inspection.skew_s:+.1f} s"
        yield Finding("opensearch", True, f"{settings.index_address}: {inspection.server}{clock}")
        yield from to_look_at("opensearch", inspection.concerns)
        if inspection.index:
            yield Finding("shards", None, inspection.index)
    yield from to_look_at("index", configured.check_writable(settings))


def documents(settings: Settings) -> Iterator[Finding]:
    # What is wrong with the server is told in the words of `index`, and so once.
    configured.check_place(settings, timeout_s=TIMEOUT_S)
    spec = configured.model_spec(settings)
    opened = configured.open_index(settings)
    try:
        held = opened.model()
    except IndexMissing:
        yield Finding("index", True, f"{settings.index} at {settings.index_address}, created with the first ingest")
        return
    if held.fingerprint != spec.fingerprint:
        raise ModelMismatch(opened.name, str(held), f"{spec.name} ({spec.fingerprint})")
    physical = opened.physical()
    sizes = {info.physical: info.size_bytes for info in configured.list_indexes(settings)}
    size = f", {sizes[physical] / 2**20:,.1f} MiB" if physical in sizes else ""
    held_here = f"{opened.count():,} documents of {held}{size}"
    yield Finding("index", True, f"{opened.name} ({physical}) at {settings.index_address}: {held_here}")
    if opened.is_loading() and not _is_busy(settings, opened.name):
        advice = f"lookalike index restore {opened.name}"
        yield Finding("load", False, f"{opened.name} is in bulk-load mode, and no job writes to it", advice)


def _is_busy(settings: Settings, name: str) -> bool:
    url = running_broker(settings)
    return url is not None and any(job.index == name for job in Ledger(url).active_jobs())

"""Checks of the index: its server, whether it accepts writes, and its content."""

from collections.abc import Iterator

from lookalike import factories
from lookalike.errors import IndexMissing, ModelMismatch
from lookalike.index import AnnState, IndexInfo
from lookalike.ledger import Ledger
from lookalike.preflight import TIMEOUT_S
from lookalike.settings import Settings
from lookalike_cli.doctor.broker import running_broker
from lookalike_cli.doctor.finding import Finding, warnings


def index(settings: Settings) -> Iterator[Finding]:
    """Check the server first: its state explains why an index rejects writes."""
    inspection = factories.inspect_index(settings)
    if inspection is not None:
        clock = "" if inspection.skew_s is None else f", clock {inspection.skew_s:+.1f} s"
        yield Finding("opensearch", True, f"{settings.index_address}: {inspection.server}{clock}")
        yield from warnings("opensearch", inspection.diagnostics)
        if inspection.index:
            yield Finding("shards", None, inspection.index)
    yield from warnings("index", factories.check_writable(settings))


def documents(settings: Settings) -> Iterator[Finding]:
    # Raises the same error as `index` for a broken server, so that it is reported once.
    factories.check_location(settings, timeout_s=TIMEOUT_S)
    spec = factories.working_spec(settings)
    opened = factories.open_index(settings)
    try:
        held = opened.model()
    except IndexMissing:
        yield Finding("index", True, f"{settings.index} at {settings.index_address}, the first ingest creates it")
        return
    if held.fingerprint != spec.fingerprint:
        raise ModelMismatch(opened.name, str(held), f"{spec.name} ({spec.fingerprint})")
    version = opened.version()
    infos = {info.version: info for info in factories.list_indexes(settings)}
    size = f", {infos[version].size_bytes / 2**20:,.1f} MiB" if version in infos else ""
    content = f"{opened.count():,} documents of {held}{size}"
    yield Finding("index", True, f"{opened.name} ({version}) at {settings.index_address}: {content}")
    if version in infos and (ann := infos[version].ann) is not None:
        yield Finding("search", True, searched(infos[version], ann, settings.ann_rows))
    if opened.is_loading() and not _is_busy(settings, opened.name):
        advice = f"Run `lookalike index restore {opened.name}`."
        yield Finding("load", False, f"{opened.name} is in bulk-load mode, but no job writes to it", advice)


def searched(info: IndexInfo, held: AnnState, least_rows: int) -> str:
    """How an embedded index answers a search."""
    if held.vectors:
        rest = max(0, info.documents - held.vectors)
        how = f"an ANN index of {held.vectors:,} vectors; {rest:,} later ones are compared one by one"
    else:
        how = f"exact: each search compares all {info.documents:,} vectors"
    # A small index is compacted under the same lock.
    is_built = held.is_building and info.documents >= least_rows
    return f"{how}; the ANN index is being built now" if is_built else how


def _is_busy(settings: Settings, name: str) -> bool:
    url = running_broker(settings)
    return url is not None and any(job.index == name for job in Ledger(url).active_jobs())

"""Sources that are compared with an index, and what is found."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.index import Index
from lookalike.ledger import place_of
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike_producer.callbacks import ignore
from lookalike_producer.comparison import compare
from lookalike_producer.examiner import Files
from lookalike_producer.finding import Finding
from lookalike_producer.part import Part, Whole
from lookalike_producer.places import Places
from lookalike_producer.rejection_records import OpenLedger, RejectionRecords
from lookalike_producer.scope import scopes
from lookalike_producer.sources import OnMounts, find_changed, find_images, find_tables
from lookalike_producer.sync.sources import Sources
from lookalike_producer.tables.source import TableSource


@dataclass(frozen=True)
class Compared:
    """What is compared: `sources`, which are `places`, with an index and the rejections in the ledger. `spec` is the
    model that the documents should have."""

    settings: Settings
    sources: Sources
    places: Places
    index: Index
    records: RejectionRecords
    spec: ModelSpec

    def findings(
        self,
        on_leftover: Callable[[str], None] = ignore,
        on_mounts: OnMounts | None = None,
        tables: TableSource | None = None,
        part: Part | None = None,
        *,
        leaves_changed: bool = False,
    ) -> Iterator[Finding]:
        """The findings, as they come, on everything or on a part. Metadata is compared as the index holds it."""
        references, extent = self._whole(tables, on_mounts) if part is None else self._part(part)
        reader = factories.reader(self.settings, named=self.sources.web_roots)
        rules = factories.rejection_rules(self.settings)
        findings = compare(
            references,
            extent,
            index=self.index,
            files=Files(reader.fetch, reader.state, reader.look, rules, self.sources.thorough, leaves_changed),
            records=self.records,
            fingerprint=self.spec.fingerprint,
            on_leftover=on_leftover,
        )
        return _closing(reader, findings)

    def _whole(self, tables: TableSource | None, on_mounts: OnMounts | None) -> tuple[Iterator[ImageRef], Whole | Part]:
        label_from, options = self.sources.label_from, self.sources.options
        tables = tables or find_tables(self.places, self.sources.columns, options)
        tables.fit(self.index.fields())
        extent = Whole(scopes(self.places, self.sources.within, options))
        return find_images(self.places, label_from, options, on_mounts, tables), extent

    def _part(self, part: Part) -> tuple[Iterator[ImageRef], Whole | Part]:
        return find_changed(part, self.sources.label_from, self.sources.options, self.sources.columns), part


def records_of(settings: Settings, index: Index, open_ledger: OpenLedger) -> RejectionRecords:
    """The rejections of the version that the index's name points to. Raises what the index raises."""
    return RejectionRecords(open_ledger, place_of(settings.index_address, index.version()))


def _closing(reader: Reader, findings: Iterator[Finding]) -> Iterator[Finding]:
    with closing(reader):
        yield from findings

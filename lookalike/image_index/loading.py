"""The part of a handle that brings images into the index and keeps it like its sources."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lookalike.image_index import arguments
from lookalike.image_index.arguments import Columns, Rows, Source
from lookalike.image_index.base import Handle, on_open_handle

if TYPE_CHECKING:
    from lookalike_producer.deletion import Confirm
    from lookalike_producer.report import Report
    from lookalike_producer.sync import SyncReport, Verification


class Loading(Handle):
    """Ingest, compare and synchronize."""

    @on_open_handle("embedded")
    def ingest(
        self,
        *sources: Source | Rows,
        label_from: str = "parent",
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
        uri_column: str | None = None,
        label_column: str | None = None,
        id_column: str | None = None,
        metadata: Columns = None,
        base: Source | None = None,
        progress: bool = True,
        detach: bool = False,
    ) -> "Report":
        """Index the images of the sources and wait until all are accounted for.

        A source is a folder (searched recursively), a glob, a table, a `.txt` list of paths, or one image; `~` is
        expanded. Or it is an object: a data frame of pandas or Polars, a table or a reader of PyArrow, or an iterable,
        such as a generator, of dicts (rows) or of paths and addresses of images. Objects are copied to a temporary file
        in batches; relative paths start at the working folder.

        `label_from` is "parent" (the name of the image's folder), "top" (of the first folder below the source),
        "regex:PATTERN" (the first group that matches in the path) or "none". Images that are in the index unchanged
        are only looked up. `follow_links` goes through links to folders, into each folder once. `include_hidden` adds
        hidden files, and what storage systems and file managers leave beside images. `exclude` is a pattern as in a
        .gitignore file, or several, from the folder that a source names.

        Of tables and objects, `uri_column`, `label_column` and `id_column` (for the metadata field `id`) are found by
        their usual names if they are None. `metadata` is "all", "none", columns such as `"brand,year:int,tags:list"`,
        or a dict such as `{"year": "int"}`. `base` is where relative paths start, if not at the folder of the table.

        `progress` shows a bar on a terminal and in a notebook. `detach` returns when every image is queued; the broker
        must outlive this process.

        After an interrupt (Ctrl-C), what was indexed stays, and the same call continues.

        Raises SourceMissing, ModelMismatch if the index was made with another model, JobFailed, JobCancelled, DiskFull,
        BrokerUnavailable, BadSetting, ResourceExhausted.
        """
        from lookalike_producer.ingest import ingest_request
        from lookalike_producer.job_request import check_detachable

        began = time.monotonic()
        options = arguments.walk_options(follow_links, include_hidden, exclude)
        columns = arguments.table_options(uri_column, label_column, id_column, metadata, base)
        lease = self._resources.stack()
        named = arguments.sources(sources, label_from)
        request = ingest_request(self._settings, named, label_from, options, columns, lease.with_worker)
        stack = lease.with_worker()
        if detach:
            check_detachable(stack)
        # It imports Celery, for which the start of the stack need not wait.
        from lookalike.image_index.running import run

        return run(request, stack, began=began, detach=detach, is_shown=progress)

    @on_open_handle("embedded")
    def verify(
        self,
        *sources: Source | Rows,
        label_from: str = "parent",
        within: Source | Iterable[Source] = (),
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
        uri_column: str | None = None,
        label_column: str | None = None,
        id_column: str | None = None,
        metadata: Columns = None,
        base: Source | None = None,
        thorough: bool = False,
    ) -> "Verification":
        """Compare the sources with the index, image by image, and change nothing.

        An image of the index is an orphan if its folder or glob is among the sources and it is no longer there.
        An image that is not in the index is missing, unless a job rejected it for a reason that stands. `within` names
        folders and addresses that lists and tables are complete for. What `exclude` leaves out is no orphan. An image
        whose size, times or ETag are the same is not read, unless `thorough`. The other keywords are those of `ingest`.
        Raises SourceMissing, IndexMissing, BrokerUnavailable, DiskFull.
        """
        from lookalike_producer.sync import Sources, verify

        options = arguments.walk_options(follow_links, include_hidden, exclude)
        columns = arguments.table_options(uri_column, label_column, id_column, metadata, base)
        found = arguments.sources(sources, label_from)
        named = Sources(found, label_from, arguments.folders(within), options, columns, thorough)
        return verify(self._settings, named, self._ledger)

    @on_open_handle("embedded")
    def sync(
        self,
        *sources: Source | Rows,
        delete: bool = False,
        label_from: str = "parent",
        within: Source | Iterable[Source] = (),
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
        uri_column: str | None = None,
        label_column: str | None = None,
        id_column: str | None = None,
        metadata: Columns = None,
        base: Source | None = None,
        thorough: bool = False,
        yes: "bool | Confirm" = False,
        ask_always: bool = False,
        accept_devices: bool = False,
        dry_run: bool = False,
        progress: bool = True,
        changed: Iterable[Source] | None = None,
    ) -> "SyncReport":
        """Ingest what is missing, stale or of another model; with `delete`, delete orphans from the index before.

        Orphans are what `verify` counts as such. An orphan that may still exist is kept: below a folder that is empty
        or cannot be read, or that was on another device when the image was found, unless `accept_devices`. Nothing is
        deleted if a source holds no image, because a folder that is not mounted looks the same.

        A deletion of more than half of the images, or of more than 10 and a tenth, needs `yes`: True, or a function
        that is called with the Deletion and returns whether to delete; with `ask_always`, so does any deletion.
        So does the removal of metadata from such a share of the images, because the sources give no value for a field
        any more: the function is then called with the MetadataLoss.
        `dry_run` changes nothing, and reports what would happen. `changed` are absolute paths below folders among the
        sources: if nothing else has changed since the last sync, only these are compared, where that is as good as a
        comparison of everything.

        Raises SourceMissing, DeletionRefused, MetadataLossRefused, and as `ingest` does.
        """
        from lookalike.image_index.running import run
        from lookalike_producer.sync import Sources, plan, sync

        began = time.monotonic()
        options = arguments.walk_options(follow_links, include_hidden, exclude)
        columns = arguments.table_options(uri_column, label_column, id_column, metadata, base)
        found = arguments.sources(sources, label_from)
        named = Sources(found, label_from, arguments.folders(within), options, columns, thorough)
        if dry_run:
            return plan(self._settings, named, open_ledger=self._ledger, delete=delete, accept_devices=accept_devices)
        lease = self._resources.stack()
        return sync(
            self._settings,
            named,
            run=lambda request: run(request, lease.with_worker(), began=began, is_shown=progress),
            open_ledger=self._ledger,
            delete=delete,
            confirm=yes if callable(yes) else lambda loss: yes,
            ask_always=ask_always,
            accept_devices=accept_devices,
            changed=None if changed is None else frozenset(str(path) for path in changed),
        )

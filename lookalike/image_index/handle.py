"""`ImageIndex`: the handle that `lookalike.open` returns. Loads a library only when a method needs it."""

import functools
import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from lookalike.errors import NotIndexed
from lookalike.extras import requiring
from lookalike.image_index import arguments
from lookalike.image_index.arguments import Source
from lookalike.image_index.matches import Matches
from lookalike.image_index.query import Query, encoded, rejections_of
from lookalike.image_index.resources import Resources
from lookalike.image_index.searching import Searching
from lookalike.records import Match, Reason, Rejected, Vectors, document_id
from lookalike.settings import Settings

if TYPE_CHECKING:
    from lookalike.image_index.description import IndexDescription
    from lookalike.index import Index
    from lookalike.ledger import Job, Ledger
    from lookalike_producer.deletion import Confirm
    from lookalike_producer.report import Report
    from lookalike_producer.sync import SyncReport, Verification


Method = TypeVar("Method", bound=Callable[..., Any])


def _on_open_handle(extra: str | None = None) -> Callable[[Method], Method]:
    """The method raises Closed on a handle that is closed before or meanwhile, and MissingExtra for the extra."""

    def decorated(method: Method) -> Method:
        @functools.wraps(method)
        def checked(self: "ImageIndex", *args: Any, **kwargs: Any) -> Any:
            # The name is that of the method and of the command.
            with self._resources.in_use(), requiring(method.__name__, extra):
                return method(self, *args, **kwargs)

        return cast(Method, checked)

    return decorated


class ImageIndex:
    """A named index, to ingest images into and to search; `lookalike.open` makes it.

    Threads may share a handle. Close it, or use it in a `with` statement, to end the processes that it started.
    They also end when this process ends, even if it is killed.

    Every method but `close` raises Closed on a closed handle, IndexUnavailable or AccessDenied for an index that
    cannot be reached, and MissingExtra for a package to install.
    """

    def __init__(self, settings: Settings, *, chosen: frozenset[str] = frozenset()) -> None:
        """`chosen` are the names of the settings that the caller gave; the others come from the environment."""
        self._settings = settings
        self._resources = Resources(settings, chosen)
        # Also when the handle is dropped, and when the interpreter exits.
        self._finalizer = weakref.finalize(self, self._resources.close)

    def __repr__(self) -> str:
        return f"<ImageIndex {self.name!r} at {self._settings.index_address}>"

    def __enter__(self) -> "ImageIndex":
        self._resources.check_open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # After an interrupt there is no wait for other programs that use our worker.
        self._resources.close(error if isinstance(error, KeyboardInterrupt | SystemExit) else None)

    def __reduce__(self) -> NoReturn:
        raise TypeError("An ImageIndex cannot be copied or pickled. Open another one: lookalike.open().")

    @property
    def name(self) -> str:
        """The name of the index."""
        return self._settings.index

    @property
    def settings(self) -> Settings:
        """The settings that this handle works with."""
        return self._settings

    def close(self) -> None:
        """End what this handle started. Calling it again has no effect.

        If other programs use the private Redis and worker, this waits until they are done.
        """
        self._resources.close()

    @_on_open_handle("embedded")
    def ingest(
        self,
        *sources: Source,
        label_from: str = "parent",
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
        progress: bool = True,
        detach: bool = False,
    ) -> "Report":
        """Index the images of the sources and wait until all are accounted for.

        A source is a folder (searched recursively), a glob, a `.txt` list of paths, or one image; `~` is expanded.
        `label_from` is "parent" (the name of the image's folder) or "none". Images that are in the index unchanged
        are only looked up. `follow_links` goes through links to folders, into each folder once. `include_hidden` adds
        hidden files, and what storage systems and file managers leave beside images. `exclude` is a pattern as in a
        .gitignore file, or several, from the folder that a source names. `progress` shows a bar on a terminal and in a
        notebook. `detach` returns when every image is queued; the broker must outlive this process.

        After an interrupt (Ctrl-C), what was indexed stays, and the same call continues.

        Raises SourceMissing, ModelMismatch if the index was made with another model, JobFailed, JobCancelled, DiskFull,
        BrokerUnavailable, BadSetting, ResourceExhausted.
        """
        from lookalike.image_index.running import run
        from lookalike_producer.ingest import ingest_request
        from lookalike_producer.jobs import check_detachable

        began = time.monotonic()
        options = arguments.walk_options(follow_links, include_hidden, exclude)
        request = ingest_request(self._settings, arguments.sources(sources), label_from, options)
        stack = self._resources.stack().with_worker()
        if detach:
            check_detachable(stack)
        return run(request, stack, began=began, detach=detach, is_shown=progress)

    @_on_open_handle("embedded")
    def search(
        self,
        image: "Query | None" = None,
        *,
        id: str | None = None,
        uri: str | os.PathLike[str] | None = None,
        k: int = 10,
        filters: Mapping[str, str] | None = None,
    ) -> Matches:
        """The `k` stored images (1 to 1000) most like an image, or like the stored one with this `id` or `uri`.

        `image` is a path, the bytes of an image file, a PIL image, or a NumPy array of uint8: [height, width, 3] in
        RGB, [height, width, 4] in RGBA or [height, width] in grey. A stored image is not among its own matches.
        `filters` are equalities on `label`, `uri` or `metadata.KEY`. With LOOKALIKE_API_URL set, the query service
        answers.

        Raises QueryRejected for an image that cannot be read, IndexMissing, NotIndexed, ModelMismatch if the index
        was made with another model, BadSetting for any other argument, QueryServiceUnavailable.
        """
        arguments.check_query(image, id, uri, k, filters)
        searching = self._resources.searching(preload=image is not None)
        began = time.perf_counter()
        if image is not None:
            with rejections_of(image):
                data = encoded(image, self._settings, compressed=searching.is_remote)
                found = searching.like_image(data, int(k), filters or {})
        else:
            found = _like_stored(searching, id, uri, int(k), filters or {})
        took_ms = (time.perf_counter() - began) * 1000
        return Matches(found, took_ms=took_ms, thumbnail=searching.thumbnail)

    @_on_open_handle("embedded")
    def embed(self, images: "Query | Iterable[Query]") -> Vectors:
        """Vectors of one or many images with the configured model, float32 [N, D]; no index is needed.

        Images are given as for `search`. Raises QueryRejected for the first that cannot be read, ModelUnavailable.
        """
        from lookalike.image_index.embedding import embed

        return embed(images, self._resources.embedder(), self._settings)

    @_on_open_handle("embedded")
    def verify(
        self,
        *sources: Source,
        label_from: str = "parent",
        within: Source | Iterable[Source] = (),
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
    ) -> "Verification":
        """Compare the sources with the index, image by image, and change nothing.

        An image of the index is an orphan if its folder or glob is among the sources and it is no longer there.
        An image that is not in the index is missing, unless a job rejected it for a reason that stands. `within` names
        folders that a list of paths is complete for. What `exclude` leaves out is no orphan. The other keywords are
        those of `ingest`. Raises SourceMissing, IndexMissing, BrokerUnavailable, DiskFull.
        """
        from lookalike_producer.sync import Sources, verify

        options = arguments.walk_options(follow_links, include_hidden, exclude)
        named = Sources(arguments.sources(sources), label_from, arguments.folders(within), options)
        return verify(self._settings, named, self._ledger)

    @_on_open_handle("embedded")
    def sync(
        self,
        *sources: Source,
        delete: bool = False,
        label_from: str = "parent",
        within: Source | Iterable[Source] = (),
        follow_links: bool = False,
        include_hidden: bool = False,
        exclude: str | Iterable[str] = (),
        yes: "bool | Confirm" = False,
        accept_devices: bool = False,
        dry_run: bool = False,
        progress: bool = True,
    ) -> "SyncReport":
        """Ingest what is missing, stale or of another model; with `delete`, delete orphans from the index before.

        Orphans are what `verify` counts as such. An orphan that may still exist is kept: below a folder that is empty
        or cannot be read, or that was on another device when the image was found, unless `accept_devices`. Nothing is
        deleted if a source holds no image, because a folder that is not mounted looks the same.

        A deletion of more than half of the images, or of more than 10 and a tenth, needs `yes`: True, or a function
        that is called with the Deletion and returns whether to delete. `dry_run` changes nothing, and reports what
        would happen. Raises SourceMissing, DeletionRefused, and as `ingest` does.
        """
        from lookalike.image_index.running import run
        from lookalike_producer.sync import Sources, plan, sync

        began = time.monotonic()
        options = arguments.walk_options(follow_links, include_hidden, exclude)
        named = Sources(arguments.sources(sources), label_from, arguments.folders(within), options)
        if dry_run:
            return plan(self._settings, named, open_ledger=self._ledger, delete=delete, accept_devices=accept_devices)
        lease = self._resources.stack()
        return sync(
            self._settings,
            named,
            run=lambda request: run(request, lease.with_worker(), began=began, is_shown=progress),
            open_ledger=self._ledger,
            delete=delete,
            confirm=yes if callable(yes) else lambda deletion: yes,
            accept_devices=accept_devices,
        )

    @_on_open_handle("embedded")
    def jobs(self, limit: int = 20) -> "list[Job]":
        """The latest jobs of this index, newest first, at most `limit`. Raises BrokerUnavailable."""
        most = arguments.whole_number(limit, "limit", 0)
        with self._ledger() as ledger:
            # All of them, which is what a limit of 0 means: others write to other indexes.
            return [job for job in ledger.jobs(limit=0) if self._is_ours(job)][:most]

    @_on_open_handle("embedded")
    def retry(self, job: str, *, reason: Reason | str | None = None, progress: bool = True) -> "Report | None":
        """Retry the images that a job rejected, or only those with this `reason`, in a new job.

        The images keep their labels and metadata. Returns the report on the new job, or None if there was nothing
        to retry. Raises JobUnknown, BadSetting for an unknown reason, and as `ingest` does.
        """
        from lookalike.image_index.running import run
        from lookalike.ledger import Ledger
        from lookalike_producer.retry import retries

        began = time.monotonic()
        arguments.text(job, "the id of a job")
        wanted = arguments.reason_of(reason)
        stack = self._resources.stack().with_worker()
        with closing(Ledger(stack.broker_url)) as ledger:
            for retry in retries(ledger, [ledger.job(job)], wanted, self._settings):
                return retry.run(lambda request: run(request, stack, began=began, is_shown=progress))
        return None

    @_on_open_handle("embedded")
    def cancel(self, job: str) -> "Job":
        """Stop a job, whoever started it: no more of its images are worked on, and indexed ones stay.

        Returns the job when it has ended, after seconds: found = indexed + unchanged + rejected + not_done. A call that
        waits for the job, such as `ingest` in another thread, raises JobCancelled. A cancelled job can be cancelled
        again. Raises JobUnknown, and BadSetting for a job that has ended otherwise.
        """
        from lookalike_producer.cancel import cancel

        arguments.text(job, "the id of a job")
        with self._ledger() as ledger:
            return cancel(ledger, job, self._settings)

    @_on_open_handle("embedded")
    def rejected(self, job: str) -> list[Rejected]:
        """The images that a job rejected, and why. Raises JobUnknown, BrokerUnavailable."""
        arguments.text(job, "the id of a job")
        with self._ledger() as ledger:
            ledger.job(job)
            return list(ledger.rejected(job))

    @_on_open_handle("embedded")
    def vectors(self) -> tuple[list[str], Vectors]:
        """The ids of all images, and their vectors as float32 [N, D] in the same order.

        They take N x D x 4 bytes of memory: 5 GB for a million vectors of 1280 dimensions. The memory that `export`
        needs does not depend on N. Raises IndexMissing.
        """
        from lookalike.image_index.vectors import read_vectors

        with self._index() as index:
            return read_vectors(index)

    @_on_open_handle("parquet")
    def export(self, path: str | os.PathLike[str]) -> int:
        """Write all images with their vectors to a Parquet file; returns how many they are.

        Columns: id, uri, name (the label), width, height, content_sha256, model (its fingerprint), metadata (a map
        of texts) and vector (a list of D float32). An existing file is replaced when the new one is complete.

        Raises IndexMissing, AccessDenied or DiskFull if the file cannot be written, BadSetting for a path that cannot
        be one of a file, such as that of a folder or a device.
        """
        from lookalike.image_index.vectors import check_target, export_parquet

        target = check_target(Path(arguments.expanded(path, "a file to write")))
        with self._index() as index:
            return export_parquet(index, target)

    @_on_open_handle("embedded")
    def delete(self, ids: Iterable[str]) -> None:
        """Remove images from the index by their ids; ids without an image are ignored. Their files stay.

        Raises IndexMissing, BadSetting for ids that are not texts.
        """
        unwanted = arguments.texts(ids, "an id", "a list of ids")
        with self._index() as index:
            index.delete(unwanted)
            index.refresh()

    @_on_open_handle("embedded")
    def info(self) -> "IndexDescription":
        """Describe the index: its version, its model, its number of images, and how the backend has built it.

        Raises IndexMissing.
        """
        from lookalike.image_index.description import describe

        with self._index() as index:
            return describe(index)

    @_on_open_handle("embedded")
    def count(self) -> int:
        """The number of images that a search can find. Raises IndexMissing."""
        with self._index() as index:
            return index.count()

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        """True, even if the index is empty or missing."""
        return True

    @_on_open_handle()
    def check(self) -> None:
        """Check that the settings name an index and a model. Sends no request. Raises BadSetting, ModelUnavailable."""
        if self._settings.api_url is None:
            from lookalike import factories
            from lookalike.index import backend_of
            from lookalike.index.checks import check_name, is_version

            factories.model_spec(self._settings)
            backend_of(self._settings.index_location)
            if not is_version(self.name):
                check_name(self.name)

    def _is_ours(self, job: "Job") -> bool:
        return (job.index, job.index_address) == (self.name, self._settings.index_address)

    @contextmanager
    def _ledger(self) -> Iterator["Ledger"]:
        from lookalike.ledger import Ledger

        with self._resources.stack().ledger_only() as stack, closing(Ledger(stack.broker_url)) as ledger:
            yield ledger

    @contextmanager
    def _index(self) -> Iterator["Index"]:
        from lookalike import factories

        with closing(factories.open_index(self._settings)) as index:
            yield index


def _like_stored(
    searching: Searching, id: str | None, uri: str | os.PathLike[str] | None, k: int, filters: Mapping[str, str]
) -> list[Match]:
    if id is not None:
        return searching.like_stored(id, k, filters)
    place = arguments.stored_uri(uri or "")
    try:
        return searching.like_stored(document_id(place), k, filters)
    except NotIndexed as error:
        # The caller knows the place and not its id.
        raise NotIndexed(place, error.index) from error

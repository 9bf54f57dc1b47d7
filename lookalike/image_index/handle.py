"""`ImageIndex`: the handle that `lookalike.open` returns. Loads a library only when a method needs it."""

import weakref
from types import TracebackType
from typing import NoReturn

from lookalike.image_index.base import on_open_handle
from lookalike.image_index.contents import Contents
from lookalike.image_index.duplicates import Duplicates
from lookalike.image_index.history import History
from lookalike.image_index.listing import Listings
from lookalike.image_index.loading import Loading
from lookalike.image_index.lookup import Lookup
from lookalike.image_index.maps import Maps
from lookalike.settings import Settings


class ImageIndex(Loading, Lookup, History, Contents, Duplicates, Listings, Maps):
    """A named index, to ingest images into and to search; `lookalike.open` makes it.

    Threads may share a handle. Close it, or use it in a `with` statement, to end the processes that it started.
    They also end when this process ends, even if it is killed.

    Every method but `close` raises Closed on a closed handle, IndexUnavailable or AccessDenied for an index that
    cannot be reached, and MissingExtra for a package to install.
    """

    def __init__(self, settings: Settings, *, chosen: frozenset[str] = frozenset()) -> None:
        """`chosen` are the names of the settings that the caller gave; the others come from the environment."""
        super().__init__(settings, chosen=chosen)
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

    def close(self) -> None:
        """End what this handle started. Calling it again has no effect.

        If other programs use the private Redis and worker, this waits until they are done.
        """
        self._resources.close()

    @on_open_handle()
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

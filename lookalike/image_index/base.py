"""What every method of a handle uses: its settings, what it has opened, and the check that it is open."""

import functools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from lookalike.extras import requiring
from lookalike.image_index.resources import Resources
from lookalike.settings import Settings

if TYPE_CHECKING:
    from lookalike.index import Index
    from lookalike.ledger import Ledger

Method = TypeVar("Method", bound=Callable[..., Any])


def on_open_handle(extra: str | None = None) -> Callable[[Method], Method]:
    """The method raises Closed on a handle that is closed before or meanwhile, and MissingExtra for the extra."""

    def decorated(method: Method) -> Method:
        @functools.wraps(method)
        def checked(self: "Handle", *args: Any, **kwargs: Any) -> Any:
            # The name is that of the method and of the command.
            with self._resources.in_use(), requiring(method.__name__, extra):
                return method(self, *args, **kwargs)

        return cast(Method, checked)

    return decorated


class Handle:
    """The base of the parts of `ImageIndex`: each has the methods for one kind of use."""

    def __init__(self, settings: Settings, *, chosen: frozenset[str] = frozenset()) -> None:
        """`chosen` are the names of the settings that the caller gave; the others come from the environment."""
        self._settings = settings
        self._resources = Resources(settings, chosen)

    @property
    def name(self) -> str:
        """The name of the index."""
        return self._settings.index

    @property
    def settings(self) -> Settings:
        """The settings that this handle works with."""
        return self._settings

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

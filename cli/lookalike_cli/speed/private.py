"""A stack and an index for one measurement: beside the user's own, of the same kind, and gone afterwards.

A broker of our own even where one is configured: a job leaves its record in the ledger, and workers on other machines
would make the whole one of other cores than the bound. The index is of the configured kind and, where it is an
OpenSearch, on that very one.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike_evaluation.temporary import temporary_place
from pydantic import SecretStr

from lookalike import factories
from lookalike.embedded.redis_server import socket_path
from lookalike.embedded.stack import home_error
from lookalike.settings import Settings

#: What a home holds of models; the rest of it is of other jobs.
SHARED = ("models", "fitted")


@contextmanager
def private(settings: Settings) -> Iterator[Settings]:
    """The settings, but for a home, a broker and an index of their own. Raises AccessDenied, DiskFull and what the
    index raises."""
    with (
        _temporary_home(settings.home) as home,
        temporary_place(settings.index_location, factories.index_options(settings)) as place,
    ):
        yield settings.model_copy(
            update={
                "home": home,
                "broker_url": None,
                "index_url": SecretStr(place.location),
                "index": place.name,
            }
        )


@contextmanager
def _temporary_home(home: Path) -> Iterator[Path]:
    """Under the true home, for the broker's writes should take as long as they do there; it shares its models."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Path(tempfile.mkdtemp(prefix="bench-", dir=home))
    except OSError as error:
        raise home_error(home, error) from error
    try:
        for name in SHARED:
            (made / name).symlink_to(home / name)
        yield made
    finally:
        socket_folder = socket_path(made).parent
        shutil.rmtree(made)
        # Elsewhere where the home's path is too long for a socket.
        shutil.rmtree(socket_folder, ignore_errors=True)

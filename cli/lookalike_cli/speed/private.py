"""A private stack and index for one measurement, removed afterwards.

The broker is always private: a job leaves a record in the ledger, and workers on other machines would distort the
comparison with the bound. The index has the configured kind; an OpenSearch index is on the configured server.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from lookalike import factories
from lookalike.embedded.redis_server import socket_path
from lookalike.embedded.stack import home_error
from lookalike.settings import Settings
from lookalike_evaluation.temporary import temporary_place

#: The folders of models, which the private home shares.
SHARED = ("models", "fitted")


@contextmanager
def private_settings(settings: Settings) -> Iterator[Settings]:
    """The settings with a private home, broker and index.

    Raises AccessDenied, DiskFull and what the index raises.
    """
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
    """A folder under the real home, so that the broker's writes are equally fast; shares the models."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir=home))
    except OSError as error:
        raise home_error(home, error) from error
    try:
        for name in SHARED:
            (folder / name).symlink_to(home / name)
        yield folder
    finally:
        socket_folder = socket_path(folder).parent
        shutil.rmtree(folder)
        # The socket is elsewhere if the path of the home is too long.
        shutil.rmtree(socket_folder, ignore_errors=True)

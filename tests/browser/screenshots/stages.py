"""What the screenshots show: indexes of drawn pictures, and their services."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.embedding import build_artifact, resolve
from lookalike.samples import PAINTERS
from lookalike.settings import Settings, read_settings
from testing.processes import make_home
from testing.services.redis import RedisServer
from tests.browser.stage import Stage, draw, fill, serving

PER_CLASS = 6


@contextmanager
def stage_of_all(folder: Path) -> Iterator[tuple[Stage, Settings]]:
    """A service over pictures of every kind."""
    settings, drawn = settings_in(folder), draw(folder, tuple(PAINTERS), PER_CLASS)
    with service_over(settings, drawn[0]) as url:
        yield Stage(url, *drawn), settings


@contextmanager
def service_over(settings: Settings, pictures: Path) -> Iterator[str]:
    """The address of a service over the pictures of a folder."""
    with RedisServer() as broker:
        fill(settings, broker.url, pictures)
        with serving(settings, broker.url, settings.home) as url:
            yield url


def settings_in(folder: Path) -> Settings:
    return read_settings(home=make_home(folder, model_home()), index="images", concurrency=1)


def model_home() -> Path:
    """The user's home folder, with the default model built."""
    home = read_settings().home
    build_artifact(resolve("efficientnet-lite0"), home)
    return home

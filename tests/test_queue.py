"""Celery's configuration is ours, whatever the environment of the program says that uses our Python API."""

import pytest

from lookalike.queue import make_app
from tests.library_variables import ALL


def test_the_environment_decides_nothing_about_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    with make_app("redis://127.0.0.1:9/3") as app:
        urls = [app.conf.broker_url, app.conf.broker_read_url, app.conf.broker_write_url]
        urls += [app.connection_for_read().as_uri(), app.connection_for_write().as_uri(), app.connection().as_uri()]
        assert {url.partition("@")[2] or url.partition("//")[2] for url in urls} == {"127.0.0.1:9/3"}
        assert app.conf.result_backend is None
        assert type(app.loader).__module__ == "lookalike.queue"
        assert not app.fixups

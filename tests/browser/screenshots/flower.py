"""The tasks of an ingest in Flower."""

import os
from pathlib import Path

from playwright.sync_api import Browser, HttpCredentials, ViewportSize

from lookalike.samples import PAINTERS
from testing.processes import await_true, lookalike, make_home, started, stop
from testing.services.ports import free_port
from tests.browser.screenshots.stages import PER_CLASS, model_home
from tests.browser.screenshots.views import keep
from tests.browser.stage import answers, draw
from tests.browser.visitor import visiting

SIZE = ViewportSize(width=1280, height=720)
LOGIN = HttpCredentials(username="watch", password="tasks")


def take(browser: Browser, folder: Path) -> None:
    pictures, _ = draw(folder, tuple(PAINTERS), PER_CLASS)
    home = make_home(folder, model_home())
    url = f"http://127.0.0.1:{(port := free_port())}"
    login = f"{LOGIN['username']}:{LOGIN['password']}"
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_CHUNK_SIZE": "8", "FLOWER_BASIC_AUTH": login}
    environment = {**os.environ, **chosen}
    with started(environment, "up", "--port", free_port(), "--flower", "--flower-port", port) as stack:
        await_true(lambda: answers(url + "/healthcheck"))
        lookalike(environment, "ingest", pictures)
        with visiting(browser, SIZE, http_credentials=LOGIN) as visitor:
            visitor.page.goto(url + "/tasks")
            visitor.page.get_by_text("SUCCESS").first.wait_for()
            keep(visitor.page, folder, "flower")
        stop(stack)

"""The service as other programs of a browser meet it: its documentation, a proxy before it, a client in JavaScript."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from lookalike.settings import Settings
from tests.api.service import serving
from tests.browser.conftest import Visit
from tests.browser.proxy import proxy, serving_in_thread
from tests.browser.stage import DISTINCT, LABELS, Stage
from tests.browser.visitor import Visitor

KEY = "correct-h\u00f6rse-battery"
#: A key that a person can type.
TYPED_KEY = "correct-horse-battery"
PREFIX = "/albums"
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
#: Runs in a page of another origin.
USE_THE_CLIENT = """async ([url, key, file, id]) => {
    const { Lookalike, Problem, stored } = await import(location.origin + "/lookalike.mjs");
    const image = new Blob([Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0))]);
    const images = new Lookalike(url, key);
    const some = await images.search(image, { k: 5 });
    const mixed = await images.search([{ file: image, weight: 2 }, { ...stored(id), weight: -1 }], { k: 5 });
    const all = [];
    for await (const match of images.all(image, { k: 10 })) {
        all.push(match.id);
    }
    const refused = await new Lookalike(url, "wrong").info().catch((error) => error);
    const bad = await images.search(image, { k: 0 }).catch((error) => error);
    const thumbnail = await images.thumbnail(some.matches[0].id, 64);
    return {
        some: some.matches.map(({ id }) => id),
        mixed: mixed.matches.map(({ id }) => id),
        all,
        labels: (await images.labels()).map(({ name }) => name),
        refused: [refused instanceof Problem, refused.status, refused.type],
        bad: [bad.status, bad.type, bad.parameter],
        thumbnail: thumbnail.type,
    };
}"""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A web site with the client in JavaScript."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with serving_in_thread(partial(Quiet, directory=EXAMPLES)) as address:
        yield address


def with_key(settings: Settings, broker_url: str, key: str, **changes: Any) -> Settings:
    changes |= {"broker_url": SecretStr(broker_url), "api_key": SecretStr(key)}
    return Settings(**{**settings.model_dump(), **changes})


@pytest.fixture(scope="module")
def service(settings: Settings, broker_url: str) -> Iterator[str]:
    """The URL of a service with a key, behind proxies of this machine."""
    with serving(with_key(settings, broker_url, TYPED_KEY, trusted_proxies=("127.0.0.1",))) as client:
        yield f"{client.base_url}/"


def ask_for_labels(page: Page) -> None:
    """Send the request from the documentation, and wait for an answer that has them."""
    operation = page.locator("#operations-images-labels")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text(LABELS[0])


def enter_key(visitor: Visitor) -> None:
    visitor.page.locator("#key-value").fill(TYPED_KEY)
    visitor.page.keyboard.press("Enter")
    visitor.expected.append("401")


def test_the_documentation_is_usable_with_a_key(service: str, visit: Visit) -> None:
    visitor = visit(f"{service}docs")
    page = visitor.page
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#auth-bearer-value").fill(TYPED_KEY)
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".btn-done").first.click()
    ask_for_labels(page)
    page.goto(f"{service}docs/problems#key")
    expect(page.locator("#key")).to_be_in_viewport()
    assert visitor.broken_rules() == []


def test_the_page_works_under_the_prefix_of_a_proxy(service: str, stage: Stage, visit: Visit) -> None:
    with proxy(service, PREFIX) as address:
        visitor = visit(f"{address}?id={stage.id_of('citrus')}&k=12")
        page = visitor.page
        enter_key(visitor)
        visitor.await_results()
        expect(visitor.tiles).to_have_count(12)
        page.locator(".tile .open").first.click()
        expect(page.locator("#detail-picture.loaded")).to_be_visible()
        expect(page).to_have_url(re.compile(rf"^{address}\?id=\w+&k=12#picture=\w+$"))
        page.get_by_role("button", name="More like this", exact=True).first.click()
        expect(page).to_have_url(re.compile(rf"^{address}/\?id=\w+"))
        visitor.await_results()
        visitor.drop(stage.query(DISTINCT[0]))
        expect(page.locator(".tile .name").first).to_have_text(DISTINCT[0])
        page.go_back()
        page.go_back()
        expect(page).to_have_url(re.compile(rf"^{address}\?id={stage.id_of('citrus')}&k=12"))
        visitor.await_results()
        expect(visitor.tiles).to_have_count(12)
        # The documentation has the key that was entered on the page.
        page.goto(f"{address}/docs")
        ask_for_labels(page)


def test_a_page_of_another_origin_uses_the_client_in_javascript(
    settings: Settings, broker_url: str, origin: str, stage: Stage, visit: Visit
) -> None:
    query = stage.query("citrus").read_bytes()
    with serving(with_key(settings, broker_url, KEY, cors_origins=(origin,))) as client:
        visitor = visit(f"{origin}/lookalike.mjs")
        visitor.expected += ["401", "400", "404"]  # the last one: an icon that nobody names
        used = visitor.page.evaluate(
            USE_THE_CLIENT, [str(client.base_url), KEY, base64.b64encode(query).decode(), stage.id_of("citrus")]
        )
        headers = {b"Authorization": b"Bearer " + KEY.encode()}
        found = client.post("/search?k=100", content=query, headers=headers).json()["matches"]
    ids = [match["id"] for match in found]
    assert used["some"] == ids[:5] and used["all"] == ids
    assert used["mixed"] != ids[:5] and stage.id_of("citrus") not in used["mixed"]
    assert set(LABELS) <= set(used["labels"]) and used["thumbnail"] == "image/jpeg"
    assert used["refused"] == [True, 401, "urn:lookalike:key"]
    assert used["bad"] == [400, "urn:lookalike:parameter", "k"]


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js")
def test_the_client_in_javascript_runs_in_node(service: str, stage: Stage) -> None:
    picture = stage.query("rings")

    def search(key: str) -> subprocess.CompletedProcess[str]:
        command = ["node", str(EXAMPLES / "search.mjs"), service, str(picture), "3"]
        environment = {"LOOKALIKE_API_KEY": key, "PATH": os.environ["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    found = search(TYPED_KEY)
    headers = {"X-API-Key": TYPED_KEY}
    answer = httpx2.post(f"{service}search?k=3", content=picture.read_bytes(), headers=headers).json()
    expected = [f"{match['score']:.4f} {match['name']} {match['uri']}" for match in answer["matches"]]
    assert (found.stdout.splitlines(), found.stderr, found.returncode) == (expected, "", 0)
    refused = search("wrong")
    assert refused.returncode == 1 and "(urn:lookalike:key)" in refused.stderr and refused.stderr.count("\n") == 1

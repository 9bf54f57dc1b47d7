"""The dialogs of the page: a result in detail, the jobs and their rejected pictures, the API key."""

import re
import time
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Route, expect

from lookalike.ledger import JobState, Ledger
from lookalike.settings import Settings, read_settings
from tests.browser.conftest import Visit
from tests.browser.stage import HOSTILE_NAME, PER_CLASS, Stage, fill, serving
from tests.browser.visitor import CLIPBOARD, TIMEOUT_MS
from tests.mapping.jobs import map_job

KEY = "open sesame, 42"


def test_a_result_opens_in_detail(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    first, second, *_ = visitor.addresses
    visitor.page.locator(".tile .open").first.click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text(first)
    expect(dialog).to_contain_text(re.compile(r"score 0\.\d{4}"))
    expect(dialog.locator("dt", has_text="folder")).to_be_visible()
    expect(dialog.locator("#detail-picture.loaded")).to_be_visible()
    expect(dialog.get_by_role("button", name="Previous")).to_be_disabled()
    visitor.page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text(second)
    # Its address opens it as well.
    expect(visitor.page).to_have_url(re.compile("k=12#picture=[0-9a-f]+$"))
    visitor.page.reload()
    expect(dialog).to_contain_text(second)
    visitor.page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text(first)
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(visitor.page).to_have_url(re.compile("k=12$"))
    visitor.page.locator(".tile .open").first.click()
    expect(dialog).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator(".tile .open").first).to_be_focused()

    visitor.page.locator(".tile .open").nth(11).click()
    dialog.get_by_role("button", name="Only this label").click()
    expect(visitor.tiles).to_have_count(PER_CLASS)


def test_a_picture_that_cannot_be_shown_says_why(stage: Stage, visit: Visit, tmp_path: Path) -> None:
    path = max((stage.pictures / "rings").iterdir())
    path.rename(tmp_path / "away")
    try:
        visitor = visit(f"{stage.url}?id={stage.id_of('rings')}&k=12")
        visitor.expected.append("404")
        tile = visitor.page.locator(".tile", has=visitor.page.locator('.open[data-why*="not there any more"]'))
        expect(tile).to_have_count(1)
        tile.locator(".open").click()
        expect(visitor.page.locator('#detail .stage[data-why*="not there any more"]')).to_be_visible()
    finally:
        (tmp_path / "away").rename(path)


def test_jobs_and_their_rejected_pictures_are_listed(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    expect(visitor.page.locator("#facts")).to_contain_text(f"{stage.stored} pictures")
    expect(visitor.page.locator("#jobs-badge")).to_have_text("0 %")
    visitor.page.get_by_role("button", name="Jobs").click()
    finished = visitor.page.locator(".job", has_text="finished")
    found = stage.stored + 2
    expect(finished).to_contain_text(f"{found} found = {stage.stored} indexed + 0 unchanged + 2 rejected")
    for reason in ("empty 1", "unsupported 1"):
        expect(finished.locator(".reasons li", has_text=reason)).to_be_visible()
    expect(finished.locator(".speed")).to_have_text(re.compile(r"took \d+ (s|min) · [\d.]+ pictures a second"))
    expect(visitor.page.locator(".job", has_text="draining").get_by_role("progressbar")).to_be_visible()
    finished.get_by_role("button", name="Show 2 failed pictures").click()
    failed = visitor.page.get_by_role("dialog", name="Failed")
    expect(failed.locator(".failure")).to_have_count(2)
    expect(failed.locator(".failure", has_text="unsupported")).to_contain_text(HOSTILE_NAME)
    expect(visitor.page).to_have_url(re.compile("#failed=[0-9a-f-]+$"))
    visitor.page.keyboard.press("Escape")
    expect(failed).to_be_hidden()
    expect(visitor.page.get_by_role("dialog", name="Jobs")).to_be_visible()
    expect(visitor.page).to_have_url(f"{stage.url}#jobs")


def test_a_picture_of_an_address_is_shown_whatever_is_found(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&name=citrus#picture={stage.id_of('rings')}")
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="rings")).to_be_visible()
    expect(dialog.locator("#detail-score")).to_be_visible()
    dialog.get_by_role("button", name="More like this").click()
    visitor.await_results()
    visitor.page.go_back()
    expect(dialog.get_by_role("heading", name="rings")).to_be_visible()


def test_a_service_with_a_key_shows_its_pictures_after_the_key_is_entered(
    stage: Stage, settings: Settings, broker_url: str, visit: Visit, tmp_path: Path
) -> None:
    with serving(settings, broker_url, tmp_path, KEY) as url:
        visitor = visit(f"{url}?id={stage.id_of('citrus')}&k=12", permissions=CLIPBOARD)
        visitor.expected.append("status of 401")
        dialog = visitor.page.get_by_role("dialog")
        expect(dialog).to_contain_text("requires a key")
        visitor.page.keyboard.press("Escape")
        expect(visitor.page.get_by_role("alert")).to_contain_text("Send the API key")
        visitor.page.reload()
        for key, title in (("wrong", "requires a key"), (KEY, "is wrong")):
            expect(dialog).to_contain_text(title)
            dialog.get_by_label("API key").fill(key)
            visitor.page.keyboard.press("Enter")
        visitor.await_results()
        assert visitor.labels[0] == "citrus"
        assert (visitor.page.locator(".tile img").first.get_attribute("src") or "").startswith("blob:")
        visitor.page.reload()
        visitor.await_results()
        assert visitor.tiles.count() == 12

        # This key only reads.
        visitor.page.get_by_role("button", name="Jobs").click()
        visitor.page.get_by_role("button", name="Show 2 failed pictures").click()
        failed = visitor.page.get_by_role("dialog", name="Failed")
        failed.get_by_role("button", name="Copy the command").click()
        expect(failed.get_by_role("status")).to_contain_text("is copied")
        assert visitor.clipboard.startswith("lookalike failed retry ")
        expect(failed.get_by_role("button", name="Try them again")).to_be_hidden()


def test_the_jobs_open_before_the_rest_is_loaded(stage: Stage, visit: Visit) -> None:
    page = visit("about:blank").page
    held: list[Route] = []
    page.route("**/info", lambda route: held.append(route))
    page.goto(stage.url)
    page.get_by_role("button", name="Jobs").click()
    expect(page.locator(".job").first).to_be_visible()
    expect(page.locator("#facts bdi")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator("#facts bdi")).to_have_count(3)


def test_rejected_pictures_are_tried_again_in_a_new_job(
    settings: Settings, broker_url: str, visit: Visit, stage: Stage, tmp_path: Path
) -> None:
    """By the user that runs the service."""
    jobs_url = broker_url.removesuffix("/0") + "/3"
    chosen = read_settings(home=settings.home, index_url=f"lancedb://{tmp_path / 'retried'}", concurrency=1)
    fill(chosen, jobs_url, stage.pictures / "broken")
    with serving(chosen, jobs_url, chosen.home) as url:
        with closing(Ledger(jobs_url)) as ledger:
            ledger.report_map(map_job(state=JobState.FAILED, ended_at=time.time(), error="No space is left."))
        visitor = visit(url)
        visitor.page.get_by_role("button", name="Jobs").click()
        of_map = visitor.page.locator(".job", has_text="map of images-v1")
        expect(of_map).to_contain_text("12 of 96 on the map")
        expect(of_map).to_contain_text("No space is left.")
        visitor.page.get_by_role("button", name="Show 2 failed pictures").click()
        failed = visitor.page.get_by_role("dialog", name="Failed")
        expect(failed.locator(".failure")).to_have_count(2)
        failed.get_by_role("button", name="Try them again").click()
        expect(failed.get_by_role("status")).to_contain_text("tried again in a new job")
        visitor.page.keyboard.press("Escape")
        # A process must start.
        again = visitor.page.locator(".job", has_text="rejected by")
        expect(again).to_contain_text("2: 0 indexed", timeout=3 * TIMEOUT_MS)

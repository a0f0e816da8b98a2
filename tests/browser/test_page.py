"""A physician's way through the page: files, draft, evidence, what-if, review, signature."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import Served, Server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CASE = """
format: consilium-case/1
synthetic: true
patient: {id: PAGE-1, age_years: 70, sex: male}
date: 2026-10-12
question: What should be done?
observations:
  - {fact: lab.creatinine, value: 1.4, unit: mg/dL, at: 2026-10-10}
conditions: [{condition: atrial fibrillation}, {condition: hypertension}]
medications: [{drug: warfarin, status: current}]
"""
NOTE = "Date: 2026-10-12\n\nHistory: type 2 diabetes. <img src=x onerror=alert(1)> No chest pain.\n"


@dataclass
class Visit:
    """One look at the page: barriers that axe found, errors and dialogs of the page, requests to other hosts."""

    page: Page
    served: Served
    barriers: list[Any] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        self.page.on("console", lambda said: self._heard(said.text))
        self.page.on("request", lambda asked: self._sent(asked.url))

    def _heard(self, text: str) -> None:
        if "Content Security" in text:
            self.troubles.append(text)

    def _sent(self, url: str) -> None:
        if not url.startswith(self.served.address):
            self.outside.append(url)

    @property
    def rows(self) -> Locator:
        """The statements of the draft."""
        return self.page.locator("article.statement")

    def look(self) -> None:
        """Have axe look at the page as it stands."""
        self.barriers += violations(self.page)


def test_from_files_to_a_signed_report(chromium: str, served: Served, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "visit.md").write_text(NOTE, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visit = Visit(browser.new_page(viewport={"width": 1280, "height": 800}), served)
        visit.page.set_default_timeout(200_000)
        expect.set_options(timeout=120_000)
        add_the_files(visit, [tmp_path / "case.yaml", tmp_path / "visit.md"])
        open_the_draft(visit)
        look_at_the_evidence(visit)
        reject_the_first_statement(visit)
        try_an_edit_that_is_not_supported(visit)
        accept_the_rest_and_load_the_page_again(visit)
        sign(visit)
        export_the_report(visit)
        browser.close()
    assert visit.barriers == []
    assert visit.troubles == []
    assert visit.outside == []


@pytest.mark.timeout(900)
def test_answers_are_said_together_and_decisions_outlive_the_new_draft(
    chromium: str, served: Served, tmp_path: Path
) -> None:
    from playwright.sync_api import expect, sync_playwright

    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visit = Visit(browser.new_page(viewport={"width": 1280, "height": 800}), served)
        page = visit.page
        page.set_default_timeout(200_000)
        expect.set_options(timeout=120_000)
        page.goto(served.link)
        page.get_by_role("button", name="New case", exact=True).click()
        page.set_input_files("[data-role=files]", [tmp_path / "case.yaml"])
        page.get_by_role("dialog", name="New case").get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Review the draft").click()
        visit.rows.first.focus()
        page.keyboard.press("a")
        expect(visit.rows.first).to_contain_text("Accepted")

        page.keyboard.press("1")
        page.get_by_role("region", name="Questions to you").get_by_role("button", name="No", exact=True).first.click()
        said = page.get_by_role("list", name="What you are about to say").get_by_role("listitem")
        expect(said).to_have_count(1)
        visit.look()
        page.get_by_label("Ask", exact=True).fill("The potassium is 4.1 mmol/L.")
        page.get_by_role("tab", name=re.compile("Draft and review")).click()
        page.get_by_role("tab", name="Conversation").click()
        expect(said).to_have_count(1)
        page.get_by_role("button", name="Say this").click()
        expect(page.get_by_text("The draft was written again", exact=False)).to_be_visible()
        expect(said).to_have_count(0)
        page.get_by_role("tab", name=re.compile("Draft and review")).click()
        expect(visit.rows.first).to_contain_text("Accepted")
        expect(page.get_by_role("status").filter(has_text="decisions kept on unchanged ones: 1")).to_be_visible()
        browser.close()
    assert visit.barriers == []
    assert visit.troubles == []


def add_the_files(visit: Visit, files: list[Path]) -> None:
    """See what is understood of them, and start."""
    from playwright.sync_api import expect

    page = visit.page
    page.goto(visit.served.link)
    expect(page.get_by_text("No cases yet")).to_be_visible()
    visit.look()
    page.get_by_role("button", name="New case", exact=True).click()
    page.set_input_files("[data-role=files]", files)
    dialog = page.get_by_role("dialog", name="New case")
    expect(dialog.get_by_text("Recorded condition", exact=False).first).to_be_visible()
    expect(dialog.get_by_role("heading", name="Measurements")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="characters")).to_contain_text("Note")
    visit.look()
    dialog.get_by_role("button", name="Start").click()


def open_the_draft(visit: Visit) -> None:
    """Wait for the tools, then for the draft."""
    from playwright.sync_api import expect

    expect(visit.page.locator(".tool").first).to_be_visible()
    visit.look()
    visit.page.get_by_role("button", name="Review the draft").click()
    expect(visit.rows.first).to_be_visible()
    visit.look()


def look_at_the_evidence(visit: Visit) -> None:
    """A recommendation with its map, a risk with another value, and the note, whose markup stays text."""
    from playwright.sync_api import expect

    page = visit.page
    page.locator("article .chip.recommendation").first.click()
    expect(page.get_by_text("What would change this")).to_be_visible()
    visit.look()
    page.get_by_role("button", name="Show the map", exact=True).click()
    expect(page.locator("dialog.map path.strong").first).to_be_attached()
    visit.look()
    page.keyboard.press("Escape")
    page.locator("article .chip.risk_estimate").first.click()
    slider = page.get_by_role("slider").first
    expect(slider).to_be_visible()
    slider.fill(str(float(slider.input_value()) * 1.5))
    expect(page.locator(".result.changed b").first).to_be_visible()
    page.locator("article .chip.note_span").first.click()
    expect(page.locator(".note mark")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("<img src=x onerror=alert(1)>")


def reject_the_first_statement(visit: Visit) -> None:
    """By keyboard, with a reason."""
    from playwright.sync_api import expect

    visit.rows.first.focus()
    visit.page.keyboard.press("r")
    visit.page.get_by_placeholder("Why is it rejected?").fill("Not needed here")
    visit.page.keyboard.press("Enter")
    expect(visit.rows.first).to_contain_text("Rejected")


def try_an_edit_that_is_not_supported(visit: Visit) -> None:
    """It is said, and the edit given up."""
    from playwright.sync_api import expect

    page = visit.page
    page.keyboard.press("e")
    box = page.locator("article textarea")
    box.fill(box.input_value() + " The dose is 999 mg.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The new sentence is not supported:")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()


def accept_the_rest_and_load_the_page_again(visit: Visit) -> None:
    """Decisions are there again once the service has answered the request that holds all of them."""
    from playwright.sync_api import expect

    page, count = visit.page, visit.rows.count()

    def holds_all(answer: Response) -> bool:
        asked = answer.request
        kept = asked.method == "PUT" and asked.url.endswith("/decisions") and answer.ok
        return kept and len(json.loads(asked.post_data or "{}")["decisions"]) == count

    with page.expect_response(holds_all):
        for _ in range(count - 1):
            page.keyboard.press("a")
    expect(page.get_by_text(f"{count} of {count} decided")).to_be_visible()
    page.reload()
    page.get_by_role("tab", name=re.compile("Draft and review")).click()
    expect(visit.rows.first).to_contain_text("Not needed here")
    expect(page.get_by_text(f"{count} of {count} decided")).to_be_visible()


def sign(visit: Visit) -> None:
    """With a name."""
    from playwright.sync_api import expect

    visit.page.get_by_placeholder("Your name").fill("Dr. Test")
    visit.page.get_by_role("button", name="Sign the report").click()
    expect(visit.page.locator(".signed-line")).to_contain_text("Dr. Test")


def export_the_report(visit: Visit) -> None:
    """As a FHIR document; the case list says that it is signed."""
    from playwright.sync_api import expect

    page = visit.page
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as file:
        page.get_by_text("FHIR document").click()
    assert json.loads(Path(file.value.path()).read_text(encoding="utf-8"))["resourceType"] == "Bundle"
    page.get_by_role("button", name="Light or dark").click()
    visit.look()
    expect(page.locator(".cases .state")).to_have_text("Signed")


def test_a_killed_server_loses_nothing(chromium: str, serve: Callable[[int], Server], tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    case = tmp_path / "case.yaml"
    case.write_text(CASE, encoding="utf-8")
    server = serve(port)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(200_000)
        expect.set_options(timeout=200_000)
        page.goto(server.link)
        page.get_by_role("button", name="New case", exact=True).click()
        page.set_input_files("[data-role=files]", [case])
        page.get_by_role("dialog", name="New case").get_by_role("button", name="Start").click()
        expect(page.locator(".tool").first).to_be_visible()

        server.kill()
        expect(page.get_by_text("The service does not answer.", exact=False)).to_be_visible()
        server = serve(port)
        expect(page.get_by_role("heading", name="The session has ended")).to_be_visible()
        page.goto(server.link)
        page.locator(".cases button").first.click()
        expect(page.get_by_role("button", name="Review the draft")).to_be_visible()
        page.get_by_role("tab", name=re.compile("Draft and review")).click()
        expect(page.locator("article.statement").first).to_be_visible()
        browser.close()

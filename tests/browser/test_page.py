"""A physician's way through the page: files, draft, evidence, what-if, review, signature."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import Served, Server

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


def test_from_files_to_a_signed_report(chromium: str, served: Served, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE, encoding="utf-8")
    (folder / "visit.md").write_text(NOTE, encoding="utf-8")
    troubles: list[str] = []
    outside: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(200_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda r: outside.append(r.url) if not r.url.startswith(served.address) else None)
        expect.set_options(timeout=120_000)

        page.goto(served.link)
        expect(page.get_by_text("No cases yet")).to_be_visible()
        barriers = violations(page)
        page.get_by_role("button", name="New case", exact=True).click()
        page.set_input_files("[data-role=files]", [folder / "case.yaml", folder / "visit.md"])
        dialog = page.get_by_role("dialog", name="New case")
        expect(dialog.get_by_text("Recorded condition", exact=False).first).to_be_visible()
        expect(dialog.get_by_text("observations[0]")).to_be_visible()
        barriers += violations(page)
        dialog.get_by_role("button", name="Start").click()

        expect(page.locator(".tool").first).to_be_visible()
        barriers += violations(page)
        page.get_by_role("button", name="Review the draft").click()
        rows = page.locator("article.statement")
        expect(rows.first).to_be_visible()
        barriers += violations(page)
        page.locator("article .chip.recommendation").first.click()
        expect(page.get_by_text("What would change this")).to_be_visible()
        barriers += violations(page)
        page.get_by_role("button", name="Show the map", exact=True).click()
        expect(page.locator("dialog.map path.strong").first).to_be_attached()
        barriers += violations(page)
        page.keyboard.press("Escape")
        page.locator("article .chip.risk_estimate").first.click()
        slider = page.get_by_role("slider").first
        expect(slider).to_be_visible()
        slider.fill(str(float(slider.input_value()) * 1.5))
        expect(page.locator(".result.changed b").first).to_be_visible()
        page.locator("article .chip.note_span").first.click()
        expect(page.locator(".note mark")).to_be_visible()
        expect(page.locator(".note")).to_contain_text("<img src=x onerror=alert(1)>")

        rows.first.focus()
        page.keyboard.press("r")
        page.get_by_placeholder("Why is it rejected?").fill("Not needed here")
        page.keyboard.press("Enter")
        expect(rows.first).to_contain_text("Rejected")
        page.keyboard.press("e")
        box = page.locator("article textarea")
        box.fill(box.input_value() + " The dose is 999 mg.")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The new sentence is not supported:")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        for _ in range(rows.count() - 1):
            page.keyboard.press("a")
        expect(page.get_by_text(f"{rows.count()} of {rows.count()} decided")).to_be_visible()
        page.wait_for_timeout(2_000)
        page.reload()
        page.get_by_role("tab", name=re.compile("Draft and review")).click()
        expect(rows.first).to_contain_text("Not needed here")
        page.get_by_placeholder("Your name").fill("Dr. Test")
        page.get_by_role("button", name="Sign the report").click()
        expect(page.locator(".signed-line")).to_contain_text("Dr. Test")
        page.get_by_text("Export", exact=True).click()
        with page.expect_download() as file:
            page.get_by_text("FHIR document").click()
        assert json.loads(Path(file.value.path()).read_text(encoding="utf-8"))["resourceType"] == "Bundle"
        page.get_by_role("button", name="Light or dark").click()
        barriers += violations(page)
        expect(page.locator(".cases .state")).to_have_text("Signed")
        browser.close()
    assert barriers == []
    assert troubles == []
    assert outside == []


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
        expect(page.get_by_role("heading", name="Open the link")).to_be_visible()
        page.goto(server.link)
        page.locator(".cases button").first.click()
        expect(page.get_by_role("button", name="Review the draft")).to_be_visible()
        page.get_by_role("tab", name=re.compile("Draft and review")).click()
        expect(page.locator("article.statement").first).to_be_visible()
        browser.close()

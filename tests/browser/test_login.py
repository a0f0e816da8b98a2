"""Accounts in the page: logging in and out, what an administrator sees, and the mark of emergency access."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

from agent.casefiles import scope_of
from agent.scripted import ScriptedModel
from agent.server import create_app
from agent.server.access import Access
from agent.server.security import Sessions
from agent.service import Consilium
from tests.agent.conftest import CASE_YAML, Counter, install_tools
from tests.agent.server.conftest import SCRIPT
from tests.browser.axe import violations
from tests.browser.conftest import PAGE, serving, stopped_case

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOTS = os.environ.get("CONSILIUM_SHOTS")
PASSWORD = "correct horse battery"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[str]:
    """A service with a physician, an administrator, and a case of neither; its address."""
    consilium = Consilium(tmp_path / "runs")
    access = Access.of(consilium.store, None)
    access.accounts.add("pia", "physician", PASSWORD, "Dr Pia")
    access.accounts.add("adam", "admin", PASSWORD)
    scope, _ = stopped_case(consilium)
    access.teams.add(scope, "otto")
    with serving(create_app(consilium, page=PAGE, access=access)) as address:
        yield address


def test_one_logs_in_sees_the_own_cases_and_takes_emergency_access(chromium: str, hospital: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(hospital)
        page.get_by_label("Name of your account").fill("pia")
        barriers = violations(page)
        page.get_by_label("Password").fill("wrong wrong wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("wrong")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("No cases yet")).to_be_visible()

        page.get_by_role("button", name="Emergency access").click()
        page.get_by_label("Patient number").fill("T-1")
        page.get_by_label("Reason").fill("Found unconscious in the ward")
        barriers += violations(page)
        page.get_by_role("button", name="Take emergency access").click()
        expect(page.get_by_text("Emergency access by Dr Pia")).to_be_visible()
        barriers += violations(page)

        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Name of your account").fill("adam")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("tab", name="People")).to_be_visible()
        assert "T-1" not in page.content()
        browser.close()
    assert barriers == []


def test_the_page_waits_out_a_restart_and_a_signature_asks_for_the_password(
    chromium: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    install_tools(monkeypatch, Counter(), ModuleType("consilium_test_tools"))
    consilium = Consilium(tmp_path / "runs", ScriptedModel(script=list(SCRIPT)))
    access = Access.of(consilium.store, None)
    access.accounts.add("pia", "physician", PASSWORD, "Dr Pia")
    case_id = consilium.files.create()
    access.teams.add(scope_of(case_id), "pia")
    consilium.files.file(case_id, PurePosixPath("case.yaml")).write(CASE_YAML.encode())
    with consilium.files.opened(case_id) as folder:
        run = consilium.start(folder, uploaded=case_id)
    for _ in consilium.work(run.id):
        pass
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        with serving(create_app(consilium, page=PAGE, access=access)) as address:
            page.goto(f"{address}/#/run/{run.id}")
            page.get_by_label("Name of your account").fill("pia")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("button", name="Review the draft").click()
            page.locator("article.statement").focus()
            page.keyboard.press("a")
            expect(page.get_by_role("button", name="Sign the report")).to_be_visible()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign the report").click()
        expect(page.get_by_role("alert").first).to_contain_text("does not answer")
        barriers = violations(page)

        with serving(
            create_app(consilium, page=PAGE, access=Access.of(consilium.store, None)), int(address.rsplit(":", 1)[1])
        ):
            page.get_by_label("Password").fill("wrong wrong wrong")
            page.get_by_role("button", name="Sign the report").click()
            expect(page.locator("form.sign").get_by_role("alert")).to_contain_text("wrong")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign the report").click()
            expect(page.locator(".signed-line")).to_contain_text("Dr Pia")
            barriers += violations(page)
        browser.close()
    assert barriers == []


def test_a_restart_without_accounts_is_said_and_the_page_goes_on_with_the_new_link(
    chromium: str, tmp_path: Path
) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    consilium = Consilium(tmp_path / "runs")
    _, run_id = stopped_case(consilium)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(60_000)
        first = Sessions()
        with serving(create_app(consilium, first, PAGE)) as address:
            page.goto(f"{address}/login?token={first.link_token}")
            page.goto(f"{address}/#/run/{run_id}")
            expect(page.get_by_role("button", name="Go on")).to_be_visible()
        second = Sessions()
        with serving(create_app(consilium, second, PAGE), int(address.rsplit(":", 1)[1])):
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_role("heading", name="The session has ended")).to_be_visible()
            assert "T-1" not in page.content(), "nothing of the patient stays on the page"
            barriers = violations(page)
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/ended.png")
            other = context.new_page()
            other.goto(f"{address}/login?token={second.link_token}")
            other.close()
            expect(page.get_by_role("button", name="Go on")).to_be_visible()
            expect(page.locator("header").get_by_text("T-1")).to_be_visible()
        browser.close()
    assert barriers == []

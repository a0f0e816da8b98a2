"""What an administrator does in the page, by keyboard too, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.server import create_app
from agent.server.access import Access
from agent.service import Consilium
from agent.trust.accounts import FREE_FAILURES, Refused
from tests.browser.axe import violations
from tests.browser.conftest import PAGE, serving, stopped_case

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"


@dataclass
class Office:
    """The service with an administrator, a locked physician, a reviewer, and a case."""

    address: str
    access: Access
    scope: str
    run: str


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    consilium = Consilium(tmp_path / "runs")
    access = Access.of(consilium.store, None)
    for name, role in (("adam", "admin"), ("pia", "physician"), ("rita", "reviewer")):
        access.accounts.add(name, role, PASSWORD, f"Dr {name.title()}")  # type: ignore[arg-type]
    scope, run = stopped_case(consilium)
    access.teams.add(scope, "rita")
    for _ in range(FREE_FAILURES):
        with pytest.raises(Refused):
            access.accounts.log_in("pia", "wrong wrong wrong")
    with serving(create_app(consilium, page=PAGE, access=access)) as address:
        yield Office(address, access, scope, run)


def log_in(page: Page, office: Office, name: str) -> None:
    page.goto(office.address)
    page.get_by_label("Name of your account").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_an_administrator_unlocks_enters_a_team_and_reads_the_record(chromium: str, office: Office) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        log_in(page, office, "adam")
        row = page.get_by_role("row").filter(has_text="pia")
        expect(row).to_contain_text("Locked")
        barriers = violations(page)
        row.get_by_role("button", name="Unlock").click()
        expect(row).to_contain_text("Open")
        page.get_by_label("Role of rita").select_option("researcher")
        page.get_by_label("Account name").fill("nora")
        page.get_by_label("Password, 12 characters or more").fill(PASSWORD)
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("row").filter(has_text="nora")).to_contain_text("Open")

        page.get_by_role("tab", name="People").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("heading", name=office.scope)).to_be_visible()
        barriers += violations(page)
        page.get_by_label(f"Add to {office.scope}").fill("pia")
        page.keyboard.press("Enter")
        expect(page.get_by_role("list", name="Care team of")).to_contain_text("pia")
        page.get_by_role("button", name="Take rita out").click()
        expect(page.get_by_role("list", name="Care team of")).not_to_contain_text("rita")

        page.get_by_role("button", name="Who saw this case").click()
        expect(page.get_by_role("row").filter(has_text="team.remove")).to_contain_text("rita")
        barriers += violations(page)
        page.get_by_role("button", name="Light or dark").click()
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("tab", name="访问记录")).to_be_visible()
        barriers += violations(page)
        assert "T-1" not in page.content()
        browser.close()
    assert barriers == []
    pia = office.access.accounts.find("pia")
    assert pia is not None
    assert pia.locked_until == 0
    assert office.access.teams.team(office.scope).members == ("pia",)


def test_a_reviewer_sees_who_saw_the_case(chromium: str, office: Office) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        log_in(page, office, "rita")
        page.get_by_role("button", name="T-1").click()
        page.get_by_role("button", name="Who saw this case").click()
        dialog = page.get_by_role("dialog", name="Who saw this case")
        expect(dialog.get_by_role("row").filter(has_text="show_record")).to_contain_text("rita")
        barriers = violations(page)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        browser.close()
    assert barriers == []

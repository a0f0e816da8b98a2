"""Logging in with an OpenID Connect provider on another site, its keys changing meanwhile, and logging out of both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.server import create_app
from agent.server.access import Access
from agent.service import Consilium
from agent.trust.oidc import Provider, Settings
from agent.trust.oidc_keys import FETCH_AT_MOST_EVERY_S
from tests.agent.trust.oidc_provider import CLIENT, FakeProvider, running
from tests.browser.axe import violations
from tests.browser.conftest import PAGE, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Ward:
    """The service and its provider. `later`: seconds by which both are ahead of the clock."""

    provider: FakeProvider
    address: str = ""
    later: float = 0.0

    def clock(self) -> float:
        self.provider.now = time.time() + self.later
        return self.provider.now


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    # `localhost` is another site than 127.0.0.1, as a provider's is than the hospital's.
    with running("localhost") as provider:
        ward = Ward(provider)
        roles: dict[str, Any] = {"oncologists": "physician"}
        consilium = Consilium(tmp_path / "runs")
        oidc = Provider(Settings(provider.issuer, CLIENT, roles=roles), ward.clock)
        access = Access.of(consilium.store, None, oidc=oidc)
        with serving(create_app(consilium, page=PAGE, access=access)) as ward.address:
            yield ward


def test_log_in_at_the_provider_stay_in_while_its_keys_change_and_log_out_of_both(chromium: str, ward: Ward) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(ward.address)
        expect(page.get_by_role("link", name="Log in with your organisation")).to_be_visible()
        barriers = violations(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Log in as Dr Olga").click()
        expect(page.get_by_text("No cases yet")).to_be_visible()
        assert page.url == f"{ward.address}/"

        ward.provider.rotate("key-2")
        page.reload()
        expect(page.get_by_text("No cases yet")).to_be_visible()

        page.get_by_role("button", name="Log out").click()
        page.get_by_role("link", name="Log in with your organisation").click()
        expect(page.get_by_role("button", name="Log in as Dr Olga")).to_be_visible()
        ward.later = FETCH_AT_MOST_EVERY_S + 1
        page.get_by_role("button", name="Log in as Dr Olga").click()
        expect(page.get_by_text("No cases yet")).to_be_visible()

        page.context.clear_cookies(domain="127.0.0.1")
        ward.provider.spoil = {"roles": ["gardeners"]}
        page.goto(f"{ward.address}/oidc/start")
        expect(page.get_by_text("gives you no role here")).to_be_visible()
        barriers += violations(page)
        browser.close()
    assert barriers == []
    assert ward.provider.logins == 2, "after logging out the provider asks again"

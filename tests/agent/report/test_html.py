from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from agent.draft import Decision, Report, Review, Signature
from agent.report.html import render_html
from knowledge.facts import Fact
from prompts.loader import phrases
from tools.artifacts import Artifacts
from tools.case import Case
from tools.evidence import Calculation, Evidence, Provenance

Make = Callable[..., Report]


class Page(HTMLParser):
    """Collects tags, ids, links and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def having(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@pytest.fixture
def page(make_report: Make, case: Case, artifacts: Artifacts) -> Page:
    return Page(render_html(make_report(), case, artifacts))


def test_every_citation_leads_to_evidence_on_the_page(page: Page) -> None:
    chips = [a["href"] for tag, a in page.tags if tag == "a" and a.get("class") == "chip"]
    assert chips
    assert {str(target).removeprefix("#") for target in chips} <= set(page.having("id"))


def test_every_statement_and_its_verdict_is_shown(page: Page, make_report: Make) -> None:
    classes = [a["class"] or "" for tag, a in page.tags if tag == "li" and "statement" in (a.get("class") or "")]
    verdicts = [verdict.status for verdict in make_report().verification.verdicts]
    assert [value.split()[1] for value in classes] == verdicts
    assert "The side “left” does not stand in the cited evidence." in page.text


def test_an_invented_source_is_marked_and_leads_nowhere(page: Page) -> None:
    unknown = [a for tag, a in page.tags if tag == "a" and a.get("class") == "chip unknown"]
    assert len(unknown) == 1
    assert "href" not in unknown[0]


def test_a_synthetic_case_says_so(page: Page) -> None:
    assert page.text.count("SYNTHETIC CASE") == 1


def test_the_quote_is_shown_in_its_context(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    html = render_html(make_report(), case, artifacts)
    assert "He smoked <mark>40 pack-years</mark> and quit in 2015" in html


def test_the_picture_is_embedded(page: Page) -> None:
    sources = [a["src"] or "" for tag, a in page.tags if tag == "img"]
    kinds = sorted(source.partition(";")[0] for source in sources)
    assert kinds == ["data:image/png", "data:image/svg+xml"]


def what_if(picture: str) -> Evidence:
    return Evidence(
        kind="risk_estimate",
        claim="With nodule diameter 8 mm, the probability would be 9.8 % instead of 23.4 %.",
        facts=(Fact(name="risk.probability_before", value=23.4, unit="%"),),
        locator=Calculation(model="brock"),
        provenance=Provenance(tool="predict_risk", tool_version="4", parameters={"picture": picture}),
    )


def test_the_picture_of_a_what_if_is_shown_with_its_sentence(
    make_report: Make, case: Case, artifacts: Artifacts
) -> None:
    artifacts.write("what.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>")
    given = make_report()
    item = what_if("what.svg")
    page = Page(render_html(given.model_copy(update={"evidence": (*given.evidence, item)}), case, artifacts))
    pictures = [a for tag, a in page.tags if tag == "img" and a.get("alt") == item.claim]
    assert [str(a["src"]).partition(",")[0] for a in pictures] == ["data:image/svg+xml;base64"]
    assert "what.svg" not in page.text


def test_the_picture_of_a_protein_site_is_shown_where_its_finding_is_cited(
    make_report: Make, case: Case, artifacts: Artifacts
) -> None:
    artifacts.write("protein-site.png", b"\x89PNG\r\n\x1a\n" + bytes(20))
    given = make_report()
    item = what_if("protein-site.png").model_copy(update={"kind": "structure_finding", "claim": "Arg175 is buried."})
    cited = given.draft.statements[0]
    said = cited.model_copy(update={"evidence": (*cited.evidence, item.id)})
    draft = given.draft.model_copy(update={"statements": (said, *given.draft.statements[1:])})
    report = given.model_copy(update={"evidence": (*given.evidence, item), "draft": draft})
    shown, without = (render_html(r, case, artifacts).count("data:image/png") for r in (report, given))
    assert shown == without + 1


@pytest.mark.parametrize(("name", "data"), [("what.svg", b"<svg onload=alert(1)>"), ("gone.svg", None)])
def test_what_is_no_drawing_of_ours_is_said_not_to_be_stored(
    make_report: Make, case: Case, artifacts: Artifacts, name: str, data: bytes | None
) -> None:
    if data is not None:
        artifacts.write(name, data)
    given = make_report()
    report = given.model_copy(update={"evidence": (*given.evidence, what_if(name))})
    html = render_html(report, case, artifacts)
    assert "The picture is not stored with this run." in html
    assert html.count("data:image/svg+xml") == 1


def test_a_picture_that_is_gone_is_said_to_be_gone(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    artifacts.path("overlay.png").unlink()
    assert "The picture is not stored with this run." in render_html(make_report(), case, artifacts)


def test_a_picture_that_is_no_png_is_not_embedded(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    artifacts.write("overlay.png", b"<svg onload=alert(1)>")
    assert "data:image/png" not in render_html(make_report(), case, artifacts)


def test_a_link_is_kept_only_if_it_is_a_web_address(page: Page) -> None:
    links = [a["href"] or "" for tag, a in page.tags if tag == "a" and not (a.get("href") or "#").startswith("#")]
    assert links == ["https://doi.org/10.1056/NEJMoa1214726"]


def test_the_policy_allows_only_the_style_of_the_page(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    html = render_html(make_report(), case, artifacts)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert style is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    text = policy[1].replace("&#39;", "'").replace("&#43;", "+")
    assert text.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in text
    assert "unsafe" not in text


def test_the_same_report_gives_the_same_page(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    assert render_html(make_report(), case, artifacts) == render_html(make_report(), case, artifacts)


def _signed(report: Report, **decisions: Decision) -> Report:
    chosen = {f"s{i}": Decision(index=i, action="accept") for i in range(len(report.draft.statements))} | decisions
    review = Review(draft_hash=report.draft.hash, decisions=tuple(chosen.values()))
    signature = Signature(
        reviewer="Dr <b>Example</b>",
        signed_at=dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC),
        draft_hash=report.draft.hash,
        review_hash=review.hash,
        versions={},
    )
    return report.model_copy(update={"state": "signed", "review": review.model_copy(update={"signature": signature})})


def test_a_signed_report_names_reviewer_and_time(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    page = Page(render_html(_signed(make_report()), case, artifacts))
    assert "Dr <b>Example</b>" in page.text
    assert "2026-11-23 09:30 UTC" in page.text
    assert "not signed" not in page.text


def test_an_edit_is_shown_with_what_it_replaced_and_checked_again(
    make_report: Make, case: Case, artifacts: Artifacts
) -> None:
    edit = Decision(index=1, action="edit", text="A solid lesion in the right lung measures 19 mm.", reason="by hand")
    text = Page(render_html(_signed(make_report(), s1=edit), case, artifacts)).text
    assert "measures 19 mm" in text
    assert "Edited by the reviewer. Draft: “A solid lesion in the right lung measures 14.1 × 11.8 mm.”" in text
    assert "The number 19 mm does not stand in the cited evidence." in text


def test_a_rejected_statement_is_listed_apart_with_its_reason(
    make_report: Make, case: Case, artifacts: Artifacts
) -> None:
    reject = Decision(index=3, action="reject", reason="wrong side")
    html = render_html(_signed(make_report(), s3=reject), case, artifacts)
    assert html.index("<s>A lesion in the left lung") > html.index('id="missing"')
    assert "Reason: wrong side" in html


def test_chinese_labels(make_report: Make, case: Case, artifacts: Artifacts) -> None:
    html = render_html(make_report(language="zh"), case, artifacts)
    assert 'lang="zh-Hans"' in html
    assert "最可能的诊断" in html
    assert "侧别“左”不在所引用的证据中。" not in html.split("<main>")[0]


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return len(value)
    return sorted(re.findall(r"\{\{\s*(\w+)", str(value)))


@pytest.mark.parametrize("name", ["report", "verify"])
def test_both_languages_have_the_same_texts_and_variables(name: str) -> None:
    english, chinese = phrases(name, "en"), phrases(name, "zh")
    assert _shape(english) == _shape(chinese)

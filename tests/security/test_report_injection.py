"""Nothing that a case, a tool or a model writes runs in the report, in a parser's eyes and in a real browser."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.draft import Decision, Draft, Problem, Report, Review, Signature, Statement, Verdict, Verification
from agent.report.html import render_html
from agent.report.view import build_view
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Note, Patient
from tools.evidence import (
    Calculation,
    CaseField,
    DocumentPassage,
    Evidence,
    ImageRegion,
    NoteSpan,
    Provenance,
    StructureSite,
    TableRow,
    VcfRecord,
)

PAYLOADS = [
    "<script>window.ran=1</script>",
    '<img src=x onerror="window.ran=1">',
    '"><svg onload=window.ran=1>',
    "' onmouseover='window.ran=1' autofocus onfocus='window.ran=1",
    "</style><script>window.ran=1</script>",
    "</title><script>window.ran=1</script>",
    "--><script>window.ran=1</script><!--",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    '<a href="javascript:window.ran=1">x</a>',
    "<form action=https://attacker.invalid><button>ok</button></form>",
    "<meta http-equiv=refresh content='0;url=https://attacker.invalid'>",
    "<link rel=stylesheet href=https://attacker.invalid/x.css>",
    "{{ 7*7 }}{% for x in [1] %}{{ self.__init__.__globals__ }}{% endfor %}",
    "<base href=https://attacker.invalid/>",
    "]]><x:script xmlns:x='http://www.w3.org/1999/xhtml'>window.ran=1</x:script>",
    "\u202e<script>window.ran=1</script>",
    "<math><mtext></p><style><img src=x onerror=window.ran=1>",
    "<details open ontoggle=window.ran=1>",
    "javascript:window.ran=1",
    "data:text/html,<script>window.ran=1</script>",
]
# Space-separated, for reading.
ALLOWED_TAGS = (
    " html head meta title style body header main section div span p h1 h2 h3 dl dt dd ul ol li a b s mark blockquote "
    "table thead tbody tr th td figure figcaption img "
)
ALLOWED_ATTRIBUTES = " lang charset http-equiv content name class id href src alt role scope rel "


def poisoned_evidence(text: str) -> tuple[Evidence, ...]:
    """Evidence of every kind that has `text` wherever it has text."""
    made = Provenance(tool=text, tool_version=text, data_release=text, device=text, parameters={text: text})
    named = (Fact(name="variant.gene", value=text), Fact(name="risk.model", value=text))
    risk = (*named, Fact(name="risk.probability", value=12.0, unit="%"), Fact(name="risk.category", value=text))
    allele = VcfRecord(handle=text, line=1, assembly="GRCh38", chromosome=text, position=1, ref=text, alt=text)
    located = [
        ("note_span", NoteSpan(handle="note-1", start=7, end=7 + len(text), quote=text), named),
        ("observation", CaseField(handle=text, path=text), named),
        ("image_finding", ImageRegion(handle=text, slice_index=1, box_voxels=(0,) * 6, picture="x.png"), named),
        ("variant", allele, named),
        ("recommendation", DocumentPassage(document=text, section=text, page=1, identifier=text), named),
        ("database_record", TableRow(table=text, release=text, record=text, url=text), named),
        ("risk_estimate", Calculation(model=text, inputs=(text,), identifier=text), risk),
        ("structure_finding", StructureSite(handle=text, chain=text, residue=text), named),
    ]
    return tuple(
        Evidence(kind=kind, claim=f"{text} {i}", facts=facts, locator=place, provenance=made)
        for i, (kind, place, facts) in enumerate(located)
    )


def poisoned(text: str) -> tuple[Report, Case]:
    """A report that has `text` wherever a report has text."""
    note, evidence = f"Before {text} after", poisoned_evidence(text)
    ids = tuple(item.id for item in evidence)
    statements = (
        Statement(section="summary", kind="finding", text=text, evidence=(*ids, text)),
        Statement(section="findings", kind="finding", text=text, evidence=ids),
        Statement(section="missing", kind="question", text=text),
    )
    draft = Draft(case_id=text, question=text, statements=statements)
    problem = Problem(code="number", message=text)
    verdicts = tuple(Verdict(index=i, status="unsupported", problems=(problem,)) for i in range(3))
    decisions = (
        Decision(index=0, action="edit", text=text, reason=text),
        Decision(index=1, action="accept"),
        Decision(index=2, action="reject", reason=text),
    )
    review = Review(draft_hash=draft.hash, decisions=decisions)
    signature = Signature(
        reviewer=text,
        signed_at="2026-11-23T09:00:00+00:00",
        draft_hash=draft.hash,
        review_hash=review.hash,
        versions={text: text},
    )
    report = Report(
        run_id=text,
        state="signed",
        draft=draft,
        evidence=evidence,
        verification=Verification(draft_hash=draft.hash, verdicts=verdicts),
        review=review.model_copy(update={"signature": signature}),
        warnings=(text,),
        settings={text: text},
    )
    case = Case(
        id=text,
        patient=Patient(id=text),
        question=text,
        notes=(Note(handle="note-1", title=text, text=note),),
    )
    return report, case


class Tags(HTMLParser):
    """What a browser would take for markup."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.declarations: list[str] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.declarations.append(data)


def assert_inert(html: str) -> None:
    page = Tags(html)
    assert [tag for tag, _ in page.tags if f" {tag} " not in ALLOWED_TAGS] == []
    assert [name for _, attrs in page.tags for name, _ in attrs if f" {name} " not in ALLOWED_ATTRIBUTES] == []
    assert page.comments == []
    assert page.declarations == []
    for _, attrs in page.tags:
        for name, value in attrs:
            if name == "href":
                assert (value or "").startswith(("#", "https://", "http://"))
            if name == "src":
                assert (value or "").startswith(("data:image/png;base64,", "data:image/svg+xml;base64,"))
            if name == "http-equiv":
                assert value == "Content-Security-Policy"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.hazard("HAZ-15")
def test_markup_stays_text(payload: str, tmp_path: Path) -> None:
    report, case = poisoned(payload)
    html = render_html(report, case, Artifacts(tmp_path))
    assert_inert(html)
    if payload.startswith("{{ 7*7 }}"):
        assert html.count("{{ 7*7 }}") > 20


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet=st.sampled_from("<>\"'&=/ ;:{}%#!-[]()abcijnoprstxy\n\u202e左"), min_size=1, max_size=40).filter(
        str.strip
    )
)
def test_any_text_stays_text(tmp_path: Path, text: str) -> None:
    report, case = poisoned(text)
    assert_inert(render_html(report, case, Artifacts(tmp_path)))


def test_an_artifact_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    report, case = poisoned("plain")
    for item in report.evidence:
        if isinstance(item.locator, ImageRegion):
            outside = item.model_copy(update={"locator": item.locator.model_copy(update={"picture": "../secret.png"})})
            statements = (Statement(section="findings", kind="finding", text="x", evidence=(outside.id,)),)
            draft = report.draft.model_copy(update={"statements": statements})
            changed = report.model_copy(update={"evidence": (outside,), "draft": draft, "review": None})
            html = render_html(changed, case, Artifacts(tmp_path / "artifacts"))
            assert "The picture is not stored with this run." in html
            assert "data:image/png" not in html


def test_a_quote_that_is_not_in_the_note_is_shown_without_context() -> None:
    report, case = poisoned("plain")
    moved = case.model_copy(update={"notes": (case.notes[0].model_copy(update={"text": "other text"}),)})
    quotes = [source.quote for source in build_view(report, moved).sources if source.quote]
    assert [(quote.before, quote.text, quote.after) for quote in quotes] == [("", "plain", "")]


@pytest.mark.browser
def test_a_browser_runs_nothing_and_asks_for_nothing(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        for payload in PAYLOADS:
            report, case = poisoned(payload)
            path = tmp_path / "report.html"
            path.write_text(render_html(report, case, Artifacts(tmp_path)), encoding="utf-8")
            page.goto(path.as_uri())
            assert page.evaluate("window.ran") is None
            assert page.evaluate("document.scripts.length") == 0
            assert page.locator(".source").count() == len(report.evidence)
        browser.close()
    assert [url for url in asked if not url.startswith(("file://", "data:image/"))] == []
    assert said == []


@pytest.mark.browser
def test_a_citation_leads_to_its_evidence_and_prints(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    from playwright.sync_api import sync_playwright

    report, case = poisoned("plain text")
    path = tmp_path / "report.html"
    path.write_text(render_html(report, case, Artifacts(tmp_path)), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(path.as_uri())
        page.locator("#s1 .chip").first.click()
        target = page.locator(".source:target")
        assert target.get_attribute("id") == report.evidence[0].id
        assert target.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 240, 168)"
        assert page.pdf().startswith(b"%PDF")
        browser.close()

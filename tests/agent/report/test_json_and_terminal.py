from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from agent.draft import Report
from agent.report.data import ReportDocument, render_json
from agent.report.schema import schemas
from agent.report.terminal import print_report
from tools.case import Case

Make = Callable[..., Report]


def test_json_reads_back_as_the_same_document(make_report: Make, case: Case) -> None:
    written = render_json(make_report(), case)
    assert ReportDocument.model_validate(_without_ids(json.loads(written))).model_dump_json(indent=2) + "\n" == written


def _without_ids(value: object) -> object:
    """Evidence ids are computed from the content, and not an input."""
    if isinstance(value, dict):
        computed = "locator" in value and "claim" in value
        return {k: _without_ids(v) for k, v in value.items() if not (computed and k == "id")}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def test_json_holds_every_statement_with_verdict_and_sources(make_report: Make, case: Case) -> None:
    report = make_report()
    document = json.loads(render_json(report, case))
    assert [s["text"] for s in document["statements"]] == [s.text for s in report.draft.statements]
    assert document["statements"][3]["status"] == "unsupported"
    assert {s["id"] for s in document["sources"]} == set(report.ledger())
    assert document["synthetic"] is True


def test_terminal_shows_sections_marks_and_reasons(make_report: Make, case: Case) -> None:
    stream = io.StringIO()
    print_report(make_report(), case, Console(file=stream, width=120))
    text = stream.getvalue()
    assert "Findings" in text
    assert "He has smoked 40 pack-years. [1]" in text
    assert "✗ A lesion in the left lung measures 14 mm. [2]" in text
    assert "SYNTHETIC CASE" in text


def test_terminal_reads_no_markup_from_texts(make_report: Make, case: Case) -> None:
    report = make_report()
    bad = report.draft.statements[0].model_copy(update={"text": "[bold red]40 pack-years[/] [link=x]y[/link]"})
    draft = report.draft.model_copy(update={"statements": (bad, *report.draft.statements[1:])})
    stream = io.StringIO()
    print_report(report.model_copy(update={"draft": draft}), case, Console(file=stream, width=120))
    assert "[bold red]40 pack-years[/] [link=x]y[/link]" in stream.getvalue()


def test_exported_schemas_are_those_of_the_code() -> None:
    folder = Path(__file__).parents[3] / "docs" / "schema"
    for name, text in schemas().items():
        assert (folder / name).read_text(encoding="utf-8") == text, "run python -m agent.report.schema"

"""Findings as records: spans, context, phases; and the tool `read_notes`."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.factbook import Authority
from tools.artifacts import Artifacts
from tools.case import Case, Note, Patient
from tools.evidence import NoteSpan, fact_book
from tools.intake import read_case
from tools.notes.document import read
from tools.notes.extract import extract
from tools.notes.finding import Finding
from tools.notes.tool import choose
from tools.registry import ToolContext, call_tool

EXAMPLE = Path(__file__).resolve().parents[3] / "evals" / "example" / "lung-nodule"
PIECES = (
    "A 66-year-old woman", "no", "denies", "chest pain", ", ", ". ", "\n", "\n\n## Labs\n", "creatinine 1.2 mg/dL",
    "Na 135", "blood pressure 120/80 mmHg", "mother had breast cancer at 48", "高血压", "EGFR L858R", "(", ")", ":",
    "stage IV", "PD-L1 60 %", "warfarin", "allergic to penicillin", "14 x 12 mm nodule in the right upper lobe",
    "GCS E3V4M5", "10/23/2006", "last menstrual period", "smoked", "30 pack-years", "ß", "😀", "\t", "1,5", "<", "->",
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=14), st.sampled_from(["en", "zh"]))
def test_every_quote_is_exactly_its_characters(pieces: list[str], language: str) -> None:
    text = " ".join(pieces)
    for finding in extract(text, language):  # type: ignore[arg-type]
        assert text[finding.start : finding.end] == finding.quote
        assert finding.quote
        assert finding.fact.is_plausible()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=14))
def test_sentences_cover_every_word_once_and_in_order(pieces: list[str]) -> None:
    text = " ".join(pieces)
    document = read(text)
    joined = "".join(text[s.start : s.end] for s in document.sentences)
    assert "".join(joined.split()) == "".join(text.split())
    assert all(a.end <= b.start for a, b in zip(document.sentences, document.sentences[1:], strict=False))


def test_dates_in_a_line_of_their_own_are_no_table_and_stay() -> None:
    text = "Seen on\n10/23/2006  10/30/2006"
    assert read(text).text.endswith("10/23/2006  10/30/2006")


def only(text: str, name: str, date: dt.date | None = None) -> list[Finding]:
    return [f for f in extract(text, "en", date) if f.fact.name == name]


def test_a_denied_finding_quotes_the_words_that_deny_it() -> None:
    (finding,) = only("He has no history of venous thromboembolism.", "condition.venous_thromboembolism")
    assert finding.negated
    assert finding.quote.endswith("no history of venous thromboembolism")


def test_a_relative_is_the_experiencer() -> None:
    (finding,) = only("Family history: father with colorectal cancer.", "family_history.colorectal_cancer")
    assert finding.experiencer == "family"


def test_hypothetical_mentions_are_found_but_not_usable() -> None:
    (finding,) = only("Evaluate for pulmonary embolism.", "condition.pulmonary_embolism")
    assert finding.time == "hypothetical"
    assert not finding.usable


def test_a_unit_that_is_not_written_is_said_to_be_assumed() -> None:
    (finding,) = only("Creatinine 1.2.", "lab.creatinine")
    assert finding.assumed == "unit not written, taken as mg/dL"
    assert only("Creatinine 20.", "lab.creatinine") == []  # mg/dL or µmol/L: both can be


def test_values_carry_the_date_of_their_section() -> None:
    (finding,) = only("## Laboratory (2026-10-10)\n\nCreatinine 0.9 mg/dL.", "lab.creatinine", dt.date(2026, 10, 12))
    assert finding.fact.at == dt.date(2026, 10, 10)
    assert finding.section == "labs"


COURSE = (
    "On admission creatinine was 3.2 mg/dL. At discharge creatinine was 1.4 mg/dL. Previously creatinine was 0.9 mg/dL."
)


@pytest.mark.parametrize(("which", "value"), [("admission", 3.2), ("latest", 1.4)])
def test_of_several_values_the_one_asked_for_is_chosen(which: str, value: float) -> None:
    chosen = [f for f in choose(extract(COURSE), which) if f.fact.name == "lab.creatinine"]  # type: ignore[arg-type]
    assert [f.fact.value for f in chosen] == [value]


def note_case(*texts: str) -> Case:
    notes = tuple(Note(handle=f"note-{i}", title=f"n{i}", text=text) for i, text in enumerate(texts, 1))
    return Case(id="C1", patient=Patient(id="p"), notes=notes)


def context(case: Case, tmp_path: Path) -> ToolContext:
    return ToolContext(case, Artifacts(tmp_path))


def test_the_tool_reads_the_example_case(tmp_path: Path) -> None:
    case = read_case(EXAMPLE)
    result = call_tool("read_notes", {}, context(case, tmp_path))
    book = fact_book(result.evidence)
    assert book.value("tumour.type") == "lung_adenocarcinoma"
    assert book.value("tumour.stage") == "IVB"
    assert book.value("biomarker.pd_l1_tps") == 60
    assert book.value("nodule.longest_diameter") == 14
    assert book.value("medication.clopidogrel") is True
    assert book.value("condition.lung_cancer") is None  # only suspected in the report
    for item in result.evidence:
        assert isinstance(item.locator, NoteSpan)
        note = case.note(item.locator.handle)
        assert note is not None
        assert note.text[item.locator.start : item.locator.end] == item.locator.quote
        assert item.authority == Authority.NOTE


def test_the_notes_of_the_example_agree_with_its_structured_facts(tmp_path: Path) -> None:
    from tools.intake import case_evidence

    case = read_case(EXAMPLE)
    result = call_tool("read_notes", {}, context(case, tmp_path))
    book = fact_book([*case_evidence(case), *result.evidence])
    assert [conflict.name for conflict in book.conflicts()] == []


def test_possibilities_are_listed_apart_from_facts(tmp_path: Path) -> None:
    result = call_tool("read_notes", {}, context(note_case("Suspected pneumonia."), tmp_path))
    payload = json.loads(result.payload.model_dump_json())
    assert [p["fact"] for p in payload["possible"]] == ["condition.pneumonia"]
    assert payload["facts"] == []


def test_an_empty_note_gives_a_warning(tmp_path: Path) -> None:
    result = call_tool("read_notes", {}, context(note_case(""), tmp_path))
    assert result.evidence == ()
    assert result.warnings == ("Nothing was found in n1.",)


def test_wrong_handles_and_missing_notes_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(ToolRetry, match="note-1"):
        call_tool("read_notes", {"notes": ["note-9"]}, context(note_case("x"), tmp_path))
    with pytest.raises(ToolFailed, match="has none"):
        call_tool("read_notes", {}, context(note_case(), tmp_path))


def test_a_long_line_without_stops_is_cut_and_read() -> None:
    text = "creatinine and sodium or blood pressure history of no " * 600
    assert max(s.end - s.start for s in read(text).sentences) <= 2000
    assert all(text[f.start : f.end] == f.quote for f in extract(text))


def test_a_denial_ends_with_its_sentence_at_a_line_break() -> None:
    text = "Respiratory secretions were not collected for microbiological examination of any kind in this patient.\n"
    findings = extract(text + "The diagnosis of right basal pneumonia was established.")
    assert [f.fact.value for f in findings if f.fact.name == "condition.pneumonia"] == [True]


@pytest.mark.parametrize(
    ("text", "read_as", "not_as"),
    [
        ("DVT in pregnancy 1998.", "condition.vte_history", "condition.deep_vein_thrombosis"),
        ("STEMI 2019, treated with PCI.", "condition.myocardial_infarction", "condition.stemi"),
        (
            "Type B dissection 2020, stable.",
            "condition.aortic_dissection_chronic",
            "condition.aortic_dissection_type_b",
        ),
        ("DKA 2021.", "condition.diabetic_ketoacidosis_history", "condition.diabetic_ketoacidosis"),
    ],
)
def test_an_emergency_of_an_earlier_year_is_a_history_of_it(text: str, read_as: str, not_as: str) -> None:
    found = {f.fact.name: f.fact.value for f in extract(text, "en", dt.date(2026, 11, 20))}
    assert found[read_as] is True
    assert not_as not in found


def test_of_a_table_of_serial_values_the_last_one_is_read_and_characters_keep_their_place() -> None:
    note = (
        "            04.05.    11.05.\nCreatinine mg/dl    1.21      1.04\nPotassium mmol/l    3.4       4.3\n"
        "TSH mU/l            1.9       -\nWeight 80 kg."
    )
    found = {f.fact.name: f.fact.value for f in extract(note)}
    assert (found["lab.creatinine"], found["lab.potassium"], found["lab.tsh"]) == (1.04, 4.3, 1.9)
    assert found["patient.weight"] == 80

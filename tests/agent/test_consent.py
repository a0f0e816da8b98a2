"""A patient who declines hereditary findings is heard: no tool opens a germline file, whatever the model asks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from agent.consent import declined_germline
from agent.scripted import ScriptedModel
from agent.service import Consilium
from tools.case import Case, Note, Patient

DECLINED = [
    "Consent: the patient does NOT consent to the analysis or disclosure of germline (hereditary) findings.",
    "She declined germline testing.",
    "He has opted out of inherited secondary findings.",
    "Germline results: consent not given.",
    "No consent for hereditary findings was obtained.",
    "Consent to germline sequencing was withdrawn today.",
    "患者拒绝胚系检测。",
    "患者不希望获知遗传性结果。",
]
NOT_DECLINED = [
    "The patient consents to germline testing.",
    "She did not decline germline testing.",
    "No germline variant was found.",
    "She declined chemotherapy. Germline testing is pending.",
    "Hereditary cancer is not suspected.",
    "患者同意胚系检测。",
    "未见胚系变异。",
]


def _case(*notes: tuple[str, dt.date | None]) -> Case:
    made = tuple(Note(handle=f"note-{i}", title=f"n{i}", text=text, date=day) for i, (text, day) in enumerate(notes))
    return Case(id="c", patient=Patient(id="P"), notes=made)


@pytest.mark.parametrize("text", DECLINED)
def test_a_refusal_is_read_with_its_place(text: str) -> None:
    found = declined_germline(_case((f"History.\n{text}\nMore.", None)))
    assert found is not None
    assert getattr(found.locator, "quote") in text  # noqa: B009


@pytest.mark.parametrize("text", NOT_DECLINED)
def test_other_sentences_are_no_refusal(text: str) -> None:
    assert declined_germline(_case((text, None))) is None


def test_the_later_note_counts() -> None:
    early, late = dt.date(2026, 1, 1), dt.date(2026, 5, 1)
    assert declined_germline(_case((DECLINED[1], early), (NOT_DECLINED[0], late))) is None
    assert declined_germline(_case((NOT_DECLINED[0], early), (DECLINED[1], late))) is not None


CASE = """
format: consilium-case/1
synthetic: true
patient: {id: T-1, age_years: 45, sex: female}
variants: [{file: germline.vcf, assembly: GRCh38, origin: germline, sample: SAMPLE}]
"""
VCF = """##fileformat=VCFv4.2
##reference=GRCh38
##contig=<ID=chr17,length=83257441>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSAMPLE
chr17\t43124027\t.\tACT\tA\t.\tPASS\t.\tGT\t0/1
"""


@pytest.mark.parametrize(
    ("language", "note", "words"),
    [("en", DECLINED[0], "does not consent to germline findings"), ("zh", DECLINED[6], "患者不同意胚系结果")],
)
@pytest.mark.hazard("HAZ-23")
def test_a_germline_file_stays_closed_to_a_model_that_asks_for_it(
    tmp_path: Path, language: str, note: str, words: str
) -> None:
    folder = tmp_path / "case"
    (folder / "notes").mkdir(parents=True)
    (folder / "case.yaml").write_text(CASE, encoding="utf-8")
    (folder / "germline.vcf").write_text(VCF, encoding="utf-8")
    (folder / "notes" / "consent.md").write_text(f"Date: 2026-10-01\n\n{note}\n", encoding="utf-8")
    asks = [("annotate_variants", "a"), ("pharmacogenomics", "b")]
    calls = [{"name": name, "args": {"variants": "variants-1"}, "id": i} for name, i in asks]
    model = ScriptedModel(script=[AIMessage("", tool_calls=calls), AIMessage("READY"), AIMessage("")])
    consilium = Consilium(tmp_path / "runs", model)
    run = consilium.start(folder, language=language)  # type: ignore[arg-type]
    list(consilium.work(run.id))
    report = consilium.report(run.id)
    assert "BRCA1" not in report.model_dump_json()
    said = [s for s in report.draft.statements if words in s.text]
    assert len(said) == 1
    assert said[0].evidence
    verdict = report.verification.verdicts[report.draft.statements.index(said[0])]
    assert verdict.status == "supported", verdict.problems


def test_a_refusal_with_typing_errors_is_a_refusal() -> None:
    found = declined_germline(_case(("She delcines disclosure of germilne findings.", None)))
    assert found is not None
    assert "delcines" in found.locator.quote  # type: ignore[union-attr]

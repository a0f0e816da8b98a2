"""A small report with every kind of evidence that the report shows in its own way."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.draft import Draft, Report, Statement
from agent.verify import verify
from knowledge.facts import Fact
from tools.artifacts import Artifacts
from tools.case import Case, Note, Patient
from tools.evidence import Calculation, DocumentPassage, Evidence, ImageRegion, NoteSpan, Provenance, VcfRecord

NOTE = "Visit. He smoked 40 pack-years and quit in 2015. Allergy: penicillin (rash)."
MADE = Provenance(tool="test", tool_version="1", data_release="2016-05")


def note_evidence(text: str = NOTE, quote: str = "40 pack-years") -> Evidence:
    start = text.index(quote)
    return Evidence(
        kind="note_span",
        claim="Smoking history of 40 pack-years.",
        facts=(Fact(name="smoking.pack_years", value=40.0, unit="{pack_years}"),),
        locator=NoteSpan(handle="note-1", start=start, end=start + len(quote), quote=quote),
        provenance=MADE,
    )


def image_evidence() -> Evidence:
    return Evidence(
        kind="image_finding",
        claim="A solid lesion in the right lung measures 14.1 × 11.8 mm.",
        facts=(Fact(name="nodule.longest_diameter", value=14.13, unit="mm"),),
        locator=ImageRegion(
            handle="imaging-1", slice_index=40, box_voxels=(1, 2, 3, 14, 15, 16), picture="overlay.png"
        ),
        provenance=MADE,
    )


def variant_evidence() -> Evidence:
    return Evidence(
        kind="variant",
        claim="EGFR c.2573T>G (p.Leu858Arg), allele fraction 31 %, is pathogenic in ClinVar.",
        facts=(
            Fact(name="variant.gene", value="EGFR"),
            Fact(name="variant.hgvs_c", value="c.2573T>G"),
            Fact(name="variant.allele_fraction", value=31.2, unit="%"),
            Fact(name="variant.clinvar_significance", value="pathogenic"),
        ),
        locator=VcfRecord(
            handle="variants-1", line=7, assembly="GRCh38", chromosome="7", position=55191822, ref="T", alt="G"
        ),
        provenance=MADE,
    )


def risk_evidence(image: Evidence) -> Evidence:
    return Evidence(
        kind="risk_estimate",
        claim="By the Brock model, the probability that the nodule is malignant is 23.4 %.",
        facts=(
            Fact(name="risk.model", value="Brock model"),
            Fact(name="risk.probability", value=23.41, unit="%"),
        ),
        locator=Calculation(model="brock", inputs=(image.id,), identifier="10.1056/NEJMoa1214726"),
        provenance=MADE,
    )


def recommendation_evidence() -> Evidence:
    return Evidence(
        kind="recommendation",
        claim="For a solid nodule over 8 mm, consider CT at 3 months.",
        facts=(Fact(name="rec.year", value=2017),),
        locator=DocumentPassage(document="Fleischner 2017", section="Table 1A", identifier="javascript:alert(1)"),
        provenance=MADE,
    )


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    from PIL import Image

    made = io.BytesIO()
    Image.new("L", (8, 8), 128).save(made, "PNG")
    store = Artifacts(tmp_path / "artifacts")
    store.write("overlay.png", made.getvalue())
    return store


@pytest.fixture
def case() -> Case:
    return Case(
        id="case-1",
        patient=Patient(id="P-017", age_years=67, sex="male"),
        synthetic=True,
        notes=(Note(handle="note-1", title="visit", text=NOTE),),
    )


@pytest.fixture
def make_report(case: Case) -> Callable[..., Report]:
    def make(language: str = "en", **changes: object) -> Report:
        note, image, variant = note_evidence(), image_evidence(), variant_evidence()
        risk, rec = risk_evidence(image), recommendation_evidence()
        written = [
            ("summary", "finding", "He has smoked 40 pack-years.", (note.id,)),
            ("findings", "finding", image.claim, (image.id,)),
            ("findings", "finding", variant.claim, (variant.id,)),
            ("findings", "finding", "A lesion in the left lung measures 14 mm.", (image.id,)),
            ("findings", "finding", "Invented.", ("E0123456789",)),
            ("risk", "finding", risk.claim, (risk.id,)),
            ("follow_up", "recommendation", rec.claim, (rec.id, image.id)),
            ("missing", "question", "Is there an earlier CT?", ()),
        ]
        draft = Draft(
            case_id=case.id,
            question="What is it?",
            language=language,
            synthetic=True,
            statements=tuple(Statement(section=s, kind=k, text=t, evidence=e) for s, k, t, e in written),
        )
        evidence = (note, image, variant, risk, rec)
        verification = verify(draft, {item.id: item for item in evidence}, case)
        body = {
            "run_id": "run-1",
            "draft": draft,
            "evidence": evidence,
            "verification": verification,
            "warnings": ("ClinVar release 2016-05 is old.",),
            "settings": {"model": "builtin"},
        }
        return Report(**(body | changes))

    return make

"""The FHIR document: valid R4B, complete, marked as machine-made, and asking for nothing that was not proposed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from agent.draft import Decision, Draft, Report, Review, Signature, Statement, Verdict, Verification
from agent.export.fhir import fhir_document
from knowledge.facts import Fact
from tests.agent.report.conftest import (
    NOTE,
    image_evidence,
    note_evidence,
    recommendation_evidence,
    risk_evidence,
    variant_evidence,
)
from tools.case import Attachment, Case, Note, Patient
from tools.evidence import DocumentPassage, Evidence, Provenance

Entries = list[dict[str, Any]]
OSIMERTINIB = "asco-nsclc-driver-2026.egfr-osimertinib-alone"
CLOPIDOGREL = "cpic-clopidogrel-2022.pm-acs-pci"


@pytest.fixture
def case() -> Case:
    tumour = Attachment(handle="variants-1", kind="variants", name="t.vcf", sha256="0" * 64, origin="somatic")
    return Case(
        id="case-1",
        patient=Patient(id="P-017", age_years=67, sex="male"),
        synthetic=True,
        notes=(Note(handle="note-1", title="visit", text=NOTE),),
        attachments=(tumour,),
    )


def proposal(name: str) -> Evidence:
    return Evidence(
        kind="recommendation",
        claim=f"What {name} says.",
        facts=(Fact(name="rec.id", value=name),),
        locator=DocumentPassage(document=name, section="1"),
        provenance=Provenance(tool="match_recommendations", tool_version="1"),
    )


@pytest.fixture
def make(case: Case) -> Callable[..., Report]:
    """A report whose statements are all taken as supported unless `unsupported` names their index."""

    def built(unsupported: tuple[int, ...] = (), decisions: tuple[Decision, ...] | None = None) -> Report:
        note, image, variant = note_evidence(), image_evidence(), variant_evidence()
        risk, give, avoid = risk_evidence(image), proposal(OSIMERTINIB), proposal(CLOPIDOGREL)
        evidence = (note, image, variant, risk, give, avoid, recommendation_evidence())
        written = [
            ("summary", "finding", "He has smoked 40 pack-years. <b>&", (note.id,)),
            ("findings", "finding", image.claim, (image.id,)),
            ("findings", "finding", variant.claim, (variant.id,)),
            ("risk", "finding", risk.claim, (risk.id,)),
            ("treatment", "recommendation", "Osimertinib.", (give.id, variant.id)),
            ("treatment", "recommendation", "No clopidogrel.", (avoid.id,)),
            ("missing", "question", "Is there an earlier CT?", ()),
        ]
        statements = tuple(Statement(section=s, kind=k, text=t, evidence=e) for s, k, t, e in written)
        draft = Draft(case_id=case.id, question="What is it?", synthetic=True, statements=statements)
        verdicts = tuple(
            Verdict(index=i, status="unsupported" if i in unsupported else "supported") for i in range(len(statements))
        )
        review = None
        if decisions is not None:
            review = Review(draft_hash=draft.hash, decisions=decisions)
            signature = Signature(
                reviewer="Dr. A",
                signed_at=dt.datetime(2026, 10, 12, tzinfo=dt.UTC),
                draft_hash=draft.hash,
                review_hash=review.hash,
                versions={},
            )
            review = review.model_copy(update={"signature": signature})
        return Report(
            run_id="run-1",
            state="signed" if review else "preliminary",
            draft=draft,
            evidence=evidence,
            verification=Verification(draft_hash=draft.hash, verdicts=verdicts),
            review=review,
            settings={"model": "builtin"},
        )

    return built


def entries(report: Report, case: Case) -> Entries:
    document = fhir_document(report, case)
    Bundle.model_validate(document)
    return [entry["resource"] for entry in document["entry"]]


def of(found: Entries, kind: str) -> Entries:
    return [resource for resource in found if resource["resourceType"] == kind]


def accept(*indices: int) -> tuple[Decision, ...]:
    return tuple(Decision(index=i, action="accept") for i in indices)


def test_the_document_is_valid_and_every_reference_is_in_it(make: Callable[..., Report], case: Case) -> None:
    document = fhir_document(make(), case, "<p>page</p>")
    Bundle.model_validate(document)
    text = json.dumps(document)
    urls = {entry["fullUrl"] for entry in document["entry"]}
    referred = {part.split('"')[0] for part in text.split('"reference": "')[1:]}
    assert referred <= urls
    assert document["entry"][0]["resource"]["resourceType"] == "Composition"


@pytest.mark.hazard("HAZ-12")
def test_everything_is_marked_as_made_by_a_machine(make: Callable[..., Report], case: Case) -> None:
    for resource in entries(make(), case):
        labels = {label["code"] for label in resource.get("meta", {}).get("security", [])}
        if resource["resourceType"] not in ("Patient", "Device", "Practitioner"):
            assert {"AIAST", "HTEST"} <= labels, resource["resourceType"]


def test_a_variant_follows_the_genomics_guide(make: Callable[..., Report], case: Case) -> None:
    observed = of(entries(make(), case), "Observation")
    (variant,) = [o for o in observed if o["meta"].get("profile", [""])[0].endswith("/variant")]
    assert variant["code"]["coding"][0]["code"] == "69548-6"
    assert variant["valueCodeableConcept"]["coding"][0]["code"] == "LA9633-4"
    parts = {part["code"]["coding"][0]["code"]: part for part in variant["component"]}
    assert parts["62374-4"]["valueCodeableConcept"]["coding"][0]["code"] == "LA26806-2"
    assert parts["48002-0"]["valueCodeableConcept"]["coding"][0]["code"] == "LA6684-0"
    assert parts["81254-5"]["valueRange"] == {"low": {"value": 55191822}, "high": {"value": 55191822}}
    assert (parts["69547-8"]["valueString"], parts["69551-0"]["valueString"]) == ("T", "G")
    assert parts["81258-6"]["valueQuantity"]["value"] == 0.312
    (implied,) = [o for o in observed if o["meta"].get("profile", [""])[0].endswith("/diagnostic-implication")]
    assert implied["component"][0]["valueCodeableConcept"]["coding"][0]["code"] == "LA6668-3"
    assert implied["derivedFrom"][0]["reference"].endswith(variant["id"])


def test_a_risk_has_its_probability_in_per_cent_and_its_basis(make: Callable[..., Report], case: Case) -> None:
    found = entries(make(), case)
    (risk,) = of(found, "RiskAssessment")
    assert [p["probabilityDecimal"] for p in risk["prediction"]] == [23.41]
    (image,) = [
        o
        for o in of(found, "Observation")
        if o.get("category", [{}])[0].get("coding", [{}])[0].get("code") == "imaging"
    ]
    assert risk["basis"] == [{"reference": f"urn:uuid:{image['id']}"}]


def test_what_is_recommended_is_a_proposal_and_what_is_to_be_avoided_is_not_asked_for(
    make: Callable[..., Report], case: Case
) -> None:
    asked = of(entries(make(), case), "MedicationRequest")
    assert {(a["status"], a["intent"]) for a in asked} == {("draft", "proposal")}
    named = {a["medicationCodeableConcept"]["text"]: a.get("doNotPerform", False) for a in asked}
    assert named == {"osimertinib": False, "clopidogrel": True}
    give = next(a for a in asked if not a.get("doNotPerform"))
    assert give["dosageInstruction"] == [{"text": "80 mg by mouth once daily"}]


@pytest.mark.parametrize(
    "changed",
    [
        Decision(index=4, action="reject", reason="not now"),
        Decision(index=4, action="edit", text="Osimertinib only after the board has met."),
    ],
)
def test_a_rejected_or_edited_sentence_proposes_nothing(
    make: Callable[..., Report], case: Case, changed: Decision
) -> None:
    report = make(decisions=(*accept(0, 1, 2, 3, 5, 6), changed))
    asked = of(entries(report, case), "MedicationRequest")
    assert [a["medicationCodeableConcept"]["text"] for a in asked] == ["clopidogrel"]


def test_an_unsupported_sentence_proposes_nothing_and_says_so(make: Callable[..., Report], case: Case) -> None:
    found = entries(make(unsupported=(4,)), case)
    assert [a["medicationCodeableConcept"]["text"] for a in of(found, "MedicationRequest")] == ["clopidogrel"]
    assert "[not supported] Osimertinib." in json.dumps(of(found, "Composition"))


def test_a_signature_makes_it_final_and_names_who_verified(make: Callable[..., Report], case: Case) -> None:
    before, after = entries(make(), case), entries(make(decisions=accept(*range(7))), case)
    assert {r["status"] for r in of(before, "DiagnosticReport")} == {"preliminary"}
    assert {r["status"] for r in of(after, "DiagnosticReport")} == {"final"}
    (provenance,) = of(after, "Provenance")
    assert [a["type"]["coding"][0]["code"] for a in provenance["agent"]] == ["author", "verifier"]
    assert of(after, "Practitioner")[0]["name"] == [{"text": "Dr. A"}]


def test_text_of_a_note_cannot_become_markup(make: Callable[..., Report], case: Case) -> None:
    (composition,) = of(entries(make(), case), "Composition")
    assert "40 pack-years. &lt;b&gt;&amp;</li>" in composition["section"][0]["text"]["div"]

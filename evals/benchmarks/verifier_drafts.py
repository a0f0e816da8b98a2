"""Reads `verifier_drafts.yaml`: good drafts with the evidence that they cite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.draft import Draft, Statement
from knowledge.facts import Fact, vocabulary
from knowledge.yamlfile import load_yaml
from tools.case import Case, Note, Patient
from tools.evidence import (
    Calculation,
    CaseField,
    DocumentPassage,
    Evidence,
    ImageRegion,
    Locator,
    NoteSpan,
    Provenance,
    StructureSite,
    TableRow,
    VcfRecord,
)

PATH = Path(__file__).parent / "verifier_drafts.yaml"


@dataclass(frozen=True)
class GoodDraft:
    """A draft in which every statement is supported."""

    name: str
    draft: Draft
    ledger: dict[str, Evidence]
    case: Case


def good_drafts(path: Path = PATH) -> list[GoodDraft]:
    """All drafts of the file. Raises `BadInput`, or pydantic's error for a wrong fact."""
    return [_draft(entry) for entry in load_yaml(path)["drafts"]]


def _draft(entry: dict[str, Any]) -> GoodDraft:
    quotes = [body["quote"] for body in entry["evidence"].values() if body.get("quote")]
    text = "\n".join(quotes)
    case = Case(
        id=entry["name"],
        patient=Patient(id="INVENTED"),
        synthetic=True,
        notes=(Note(handle="note-1", title="visit", text=text, language=entry["language"]),),
    )
    made = {name: _evidence(name, body, text) for name, body in entry["evidence"].items()}
    statements = [
        Statement(section=section, kind=kind, text=words, evidence=tuple(made[name].id for name in names))
        for section, kind, words, names in entry["statements"]
    ]
    draft = Draft.arrange(statements, case_id=case.id, question="invented", language=entry["language"], synthetic=True)
    return GoodDraft(entry["name"], draft, {item.id: item for item in made.values()}, case)


def _evidence(name: str, body: dict[str, Any], note: str) -> Evidence:
    return Evidence(
        kind=body["kind"],
        claim=body["claim"],
        facts=tuple(_fact(key, value) for key, value in body.get("facts", {}).items()),
        locator=_locator(name, body, note),
        provenance=Provenance(tool="invented", tool_version="1"),
    )


def _fact(name: str, value: Any) -> Fact:
    kind = vocabulary().spec(name).kind
    if kind == "quantity":
        number, _, unit = str(value).partition(" ")
        return Fact(name=name, value=float(number), unit=unit)
    return Fact(name=name, value=value)


def _locator(name: str, body: dict[str, Any], note: str) -> Locator:
    if body["kind"] == "note_span":
        start = note.index(body["quote"])
        return NoteSpan(handle="note-1", start=start, end=start + len(body["quote"]), quote=body["quote"])
    if "place" in body:
        chromosome, position, ref, alt = body["place"]
        allele = {"chromosome": chromosome, "position": position, "ref": ref, "alt": alt}
        return VcfRecord(handle="variants-1", line=12, assembly="GRCh38", **allele)
    made: dict[str, Callable[[], Locator]] = {
        "image_finding": lambda: ImageRegion(handle="imaging-1", slice_index=40, box_voxels=(10, 10, 38, 24, 22, 46)),
        "recommendation": lambda: DocumentPassage(document=body["document"], section=str(body["section"])),
        "risk_estimate": lambda: Calculation(model=name),
        "structure_finding": lambda: StructureSite(handle="structure-1", chain="A", residue="175"),
        "observation": lambda: CaseField(handle="case.yaml", path=name),
    }
    table = TableRow(table=body["kind"], release="2021-01", record=name)
    return made.get(body["kind"], lambda: table)()

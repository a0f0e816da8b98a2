"""Evidence about a mutation in a structure or in a sequence: one plain sentence each, with its facts."""

from __future__ import annotations

from typing import Any

from knowledge.facts import Fact
from tools.evidence import Calculation, Evidence, Provenance, StructureSite
from tools.protein.model import SequenceReport, SiteReport
from tools.protein.residues import THREE_LETTER
from tools.protein.rotamers import CONTACT_A

BURIED_PERCENT = 20.0
INTERVAL_PERCENT = 80
_SECONDARY = {"helix": "in a helix", "strand": "in a strand", "other": "in neither helix nor strand"}
_NEAREST = {
    "metal": ("metal", "structure.metal_distance"),
    "ligand": ("ligand", "structure.ligand_distance"),
    "nucleic_acid": ("nucleic acid", "structure.nucleic_acid_distance"),
    "chain": ("other protein chain", "structure.interface_distance"),
}
# Distances beyond this say nothing of the residue's surroundings and stay out of the sentence (not of the payload).
_WORTH_SAYING_A = 12.0


def site_evidence(report: SiteReport, name: str, provenance: Provenance) -> Evidence:
    """What surrounds the residue. `name` is the structure file as the user knows it."""
    facts = _base_facts(report)
    facts += _facts({
        "structure.secondary": report.secondary,
        "structure.contacts": report.contacts,
        "structure.clashes": report.clashes,
        "structure.clashes_before": report.clashes_before,
        "structure.disulphide": report.disulphide or None,
    })  # fmt: skip
    facts.append(Fact(name="structure.contact_limit", value=CONTACT_A, unit="Ao"))
    facts.append(Fact(name="structure.relative_accessibility", value=report.exposure_percent, unit="%"))
    where = f"{_residue(report)} of chain {report.chain}"
    if report.gene:
        where += f" ({report.gene})"
    burial = "buried" if report.exposure_percent < BURIED_PERCENT else "at the surface"
    text = f"In {name}, {where} is {burial} (relative solvent accessibility {report.exposure_percent:g} %"
    if report.exposure_alone_percent - report.exposure_percent >= 5:
        text += f", {report.exposure_alone_percent:g} % with the chain alone"
        value = report.exposure_alone_percent
        facts.append(Fact(name="structure.relative_accessibility_alone", value=value, unit="%"))
    noun = "residue or group" if report.contacts == 1 else "residues and groups"
    text += f"), {_SECONDARY[report.secondary]}, and touches {report.contacts} {noun} within {CONTACT_A:g} Å"
    if report.disulphide:
        text += "; it is in a disulphide bond"
    for item in report.nearest:
        words, fact = _NEAREST[item.kind]
        if item.distance_angstrom <= _WORTH_SAYING_A:
            text += f"; the nearest {words} ({item.what}) is {item.distance_angstrom:g} Å away"
            facts.append(Fact(name=fact, value=item.distance_angstrom, unit="Ao"))
            facts.append(Fact(name="structure.nearest_group", value=item.what))
    pairs = "atom pair" if report.clashes == 1 else "atom pairs"
    text += f"; {_new(report)} in its best rotamer clashes in {report.clashes} {pairs}"
    text += f", and the present side chain, rebuilt the same way, in {report.clashes_before}"
    return Evidence(
        kind="structure_finding", claim=f"{text}.", facts=tuple(facts), locator=_locator(report), provenance=provenance
    )


def stability_evidence(report: SiteReport, name: str, provenance: Provenance) -> Evidence:
    """The predicted change of folding stability, with its interval."""
    low, high = report.ddg_low_kcal_per_mol, report.ddg_high_kcal_per_mol
    facts = _base_facts(report)
    for fact, value in (("ddg", report.ddg_kcal_per_mol), ("ddg_low", low), ("ddg_high", high)):
        facts.append(Fact(name=f"structure.{fact}", value=value, unit="kcal/mol"))
    facts.append(Fact(name="structure.interval_level", value=INTERVAL_PERCENT, unit="%"))
    verdict = "which includes zero" if low <= 0 <= high else "which does not include zero"
    text = (
        f"The predicted change of folding stability by {report.mutation}"
        f"{f' of {report.gene}' if report.gene else ''} in {name} is {report.ddg_kcal_per_mol:g} kcal/mol "
        f"({INTERVAL_PERCENT} % interval {low:g} to {high:g} kcal/mol, {verdict}; positive destabilises, and binding "
        "and catalysis are not judged)."
    )
    return Evidence(
        kind="structure_finding", claim=text, facts=tuple(facts), locator=_locator(report), provenance=provenance
    )


def sequence_evidence(report: SequenceReport, provenance: Provenance) -> Evidence:
    """What the sequence alone says."""
    mutation = f"{report.old}{report.residue}{report.new}"
    facts = _facts({
        "structure.mutation": mutation,
        "structure.residue": str(report.residue),
        "structure.blosum62": report.blosum62,
        "structure.charge_change": report.charge_change,
        "structure.sequence_length": report.length,
    })  # fmt: skip
    facts.append(Fact(name="structure.hydropathy_change", value=report.hydropathy_change, unit="1"))
    before, after = report.isoelectric_point
    facts.append(Fact(name="structure.isoelectric_point", value=before, unit="[pH]"))
    facts.append(Fact(name="structure.isoelectric_point_after", value=after, unit="[pH]"))
    text = (
        f"From the sequence of {report.length} residues alone, which is weaker than a structure, {mutation} has a "
        f"BLOSUM62 score of {report.blosum62}, changes Kyte-Doolittle hydropathy by {report.hydropathy_change:g} and "
        f"charge by {report.charge_change}, and moves the isoelectric point from {before:g} to {after:g}."
    )
    locator = Calculation(model="ProtParam", identifier="doi:10.1385/1-59259-890-0:571")
    return Evidence(kind="structure_finding", claim=text, facts=tuple(facts), locator=locator, provenance=provenance)


def _base_facts(report: SiteReport) -> list[Fact]:
    values: dict[str, Any] = {
        "structure.chain": report.chain,
        "structure.residue": report.residue,
        "structure.mutation": report.mutation,
        "structure.gene": report.gene,
    }
    if report.agreement is not None:
        values["structure.agreeing_residues"], values["structure.compared_residues"] = report.agreement
    return _facts(values)


def _facts(values: dict[str, Any]) -> list[Fact]:
    return [Fact(name=name, value=value) for name, value in values.items() if value is not None]


def _residue(report: SiteReport) -> str:
    return f"{THREE_LETTER[report.old].title()}{report.residue}"


def _new(report: SiteReport) -> str:
    return THREE_LETTER[report.new].title()


def _locator(report: SiteReport) -> StructureSite:
    return StructureSite(handle=report.structure, chain=report.chain, residue=report.residue)

"""Checks on what a statement proposes: the recommendation's criteria hold for this patient, and no allergy,
interaction, contraindication or drug-gene warning of the ledger speaks against a proposed drug."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agent.draft import Problem
from agent.verify.checks import Context, advised_against
from agent.verify.concepts import mentions
from agent.verify.text import normalise
from knowledge.criteria import Outcome, Truth, evaluate
from knowledge.factbook import FactBook
from knowledge.facts import vocabulary
from knowledge.recommendations import Recommendation, in_language, recommendations
from knowledge.safety import ConditionalRow, SafetyFinding, check_drug, drug_and_classes
from tools.case import Case
from tools.evidence import Evidence, fact_book

# Kinds of evidence that can carry a proposal.
_CARRIERS = frozenset({"recommendation", "database_record", "diplotype"})
_SAFETY_TOOL = "check_drugs"
_GENETIC = ("phenotype.", "hla.", "germline.", "biomarker.")


@dataclass(frozen=True)
class Patient:
    """What is known of the patient for judging proposals."""

    ledger: Mapping[str, Evidence]
    case: Case

    @cached_property
    def facts(self) -> FactBook:
        """The patient's facts with their sources."""
        return fact_book(self.ledger.values())

    @cached_property
    def as_of(self) -> dt.date | None:
        """The case's date, or else the latest date of any fact."""
        if self.case.as_of is not None:
            return self.case.as_of
        days = (entry.fact.at for name in self.facts.names() for entry in self.facts.all(name) if entry.fact.at)
        return max((day.date() if isinstance(day, dt.datetime) else day for day in days), default=None)

    def outcome(self, recommendation: Recommendation) -> Outcome:
        """Whether the recommendation's criteria hold."""
        return evaluate(recommendation.criterion, self.facts, self.as_of)

    @cached_property
    def warnings(self) -> tuple[tuple[Evidence, Recommendation], ...]:
        """Recommendations of the ledger to avoid a drug whose criteria hold."""
        found = ((item, recommendation_of(item)) for item in self.ledger.values())
        return tuple(
            (item, rec)
            for item, rec in found
            if rec is not None and rec.action.type == "avoid" and self.outcome(rec).truth is Truth.APPLIES
        )


def recommendation_of(item: Evidence) -> Recommendation | None:
    """The recommendation that a piece of evidence states, if it is one of the store."""
    named = item.fact("rec.id")
    return recommendations().by_id.get(str(named.value)) if named is not None else None


def because_of(context: Context, patient: Patient) -> frozenset[str]:
    """Evidence whose facts decide the cited recommendations, and so belongs to the statement."""
    found: set[str] = set()
    for item in context.cited:
        recommendation = recommendation_of(item)
        if recommendation is not None:
            found.update(entry.evidence_id for entry in patient.outcome(recommendation).because)
    return frozenset(found)


def criteria(context: Context, patient: Patient) -> Iterator[Problem]:
    """A proposal rests on a recommendation, and the criteria of each that it cites hold for this patient."""
    if context.statement.kind != "recommendation":
        return
    if not any(item.kind in _CARRIERS for item in context.cited):
        yield context.problem("criteria", "criteria_none")
    for item in context.cited:
        recommendation = recommendation_of(item)
        if recommendation is None:
            continue
        outcome = patient.outcome(recommendation)
        if outcome.truth is Truth.DOES_NOT_APPLY:
            deciding = _labels((entry.fact.name for entry in outcome.because), context.language)
            yield context.problem("criteria", text=item.id, because=deciding)
        elif outcome.truth is Truth.CANNOT_TELL:
            yield context.problem("criteria_open", text=item.id, missing=_labels(outcome.missing, context.language))


def _labels(names: Iterable[str], language: str) -> str:
    labels = (vocabulary()[name].label for name in dict.fromkeys(names))
    return ", ".join(label.get(language) or label.get("en", "") for label in labels)


def safety(context: Context, patient: Patient) -> Iterator[Problem]:
    """No proposed drug is spoken against, unless the statement says so itself and cites it."""
    for drug in sorted(proposed_drugs(context)):
        yield from _allergies(context, patient, drug)
        for finding in check_drug(drug, patient.facts):
            if finding.truth is Truth.APPLIES and not _says(context, finding.facts, finding.evidence_ids):
                yield _problem(context, drug, finding)
        for item, recommendation in patient.warnings:
            if item.id in context.statement.evidence or not set(drug_and_classes(drug)) & set(
                recommendation.action.drugs
            ):
                continue
            used = [entry.fact.name for entry in patient.outcome(recommendation).because]
            code = "drug_gene" if any(name.startswith(_GENETIC) for name in used) else "contraindication"
            yield context.problem(code, "warned", drug=_labels([drug], context.language), text=item.claim)


def proposed_drugs(context: Context) -> frozenset[str]:
    """Drugs that the statement proposes: those of the cited recommendations to treat, and those that it adds."""
    statement = context.statement
    if statement.kind != "recommendation" and not (statement.section == "treatment" and statement.kind != "question"):
        return frozenset()
    cited = [r for r in map(recommendation_of, context.cited) if r is not None]
    given = {drug for r in cited if r.action.type == "treat" for drug in r.action.drugs}
    known = {m for item in context.cited if recommendation_of(item) for m in _drugs(normalise(item.claim))}
    if not cited and statement.kind != "recommendation":
        return frozenset()
    added = {drug for drug in _stated_drugs(context) if drug not in known}
    return frozenset(given | added)


def _drugs(text: str) -> set[str]:
    return {c for m in mentions(text) for c in m.concepts if c.startswith("medication.")}


def _stated_drugs(context: Context) -> set[str]:
    against = [*advised_against(context.reading.text), *_quoted_warnings(context)]
    found: set[str] = set()
    for mention, stated in context.reading.mentions:
        if stated and not any(low <= mention.start < high for low, high in against):
            found.update(c for c in mention.concepts if c.startswith("medication."))
    return found


def _quoted_warnings(context: Context) -> Iterator[tuple[int, int]]:
    """Where the statement repeats a cited row of the safety tables: its other drug (`Apixaban with enoxaparin: ...`)
    is a reason there, and no proposal."""
    for item in context.cited:
        if item.provenance.tool == _SAFETY_TOOL and "row" in item.provenance.parameters:
            claim = normalise(item.claim).rstrip(".。")
            at = context.reading.text.find(claim)
            if at >= 0:
                yield at, at + len(claim)


# A class of which an allergy to one member says little of the others; the tables of cross-reactivity decide.
_WIDE = frozenset({"allergy.beta_lactams"})


def _allergies(context: Context, patient: Patient, drug: str) -> Iterator[Problem]:
    """The drug or its class is a recorded allergen by name, whether or not a safety table knows it."""
    names = drug_and_classes(drug)
    tails = {name.removeprefix("medication.").removeprefix("class_") for name in names}
    for name in sorted(f"allergy.{tail}{plural}" for tail in tails for plural in ("", "s")):
        known = patient.facts.get(name) if name in vocabulary() else None
        if known is None or known.fact.value is not True or (known.derived_from and name in _WIDE):
            continue
        if not _says(context, [name], [known.evidence_id]):
            label = _labels([name], context.language)
            yield context.problem("allergy", "allergic", drug=_labels([drug], context.language), text=label)
            return
    for allergy in patient.case.allergies:
        if allergy.fact is None and set(names) & _drugs(normalise(allergy.text)):
            yield context.problem("allergy", "allergic", drug=_labels([drug], context.language), text=allergy.text)


def _says(context: Context, facts: Iterable[str], evidence_ids: Iterable[str]) -> bool:
    """Whether the statement names what speaks against the drug and cites where that is recorded."""
    wanted = set(facts)
    named = any(m.concepts & wanted for m, _ in context.reading.mentions)
    genes = {name.split(".")[1] for name in wanted if name.startswith(_GENETIC)}
    named = named or bool(genes & context.reading.names.genes)
    named = named or any(
        f"{label}" in context.reading.text for name in wanted for label in vocabulary()[name].label.values()
    )
    return named and bool(set(evidence_ids) & set(context.statement.evidence))


def _problem(context: Context, drug: str, finding: SafetyFinding) -> Problem:
    row = finding.row
    text = in_language(row.text, context.language)
    values = {"drug": _labels([drug], context.language), "text": text}
    if row.severity == "caution":
        return context.problem("caution", **values)
    code = "drug_gene" if isinstance(row, ConditionalRow) and row.area == "genotype" else row.kind
    if code == "dose_adjustment":
        code = "contraindication"
    return context.problem(code, "warned", **values)

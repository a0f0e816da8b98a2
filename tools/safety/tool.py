"""`check_drugs`: drugs against the patient's allergies, other drugs, conditions and organ function."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from knowledge.criteria import Truth
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.recommendations import in_language
from knowledge.safety import InteractionRow, SafetyFinding, check_drug, rows_for
from tools.case import Language
from tools.evidence import DocumentPassage, Evidence, Provenance, Record, TableRow, ToolResult
from tools.guidelines.match import resolve_drug
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "check_drugs", "4"


class SafetyArguments(Arguments):
    """Which drugs to check."""

    drugs: list[str] = Field(min_length=1, max_length=40, description="INN, brand or medication.* names.")
    together: bool = Field(default=False, description="Whether these drugs are to be given with one another.")


class DrugFinding(Record):
    """One thing that speaks against a drug, the row that says so, and the evidence of the facts that it rests on."""

    drug: str
    row: str
    evidence_id: str
    kind: Literal["allergy", "interaction", "contraindication", "dose_adjustment"]
    severity: Literal["contraindicated", "caution"]
    because: tuple[str, ...]


class OpenQuestion(Record):
    """A check of a drug that lacks facts."""

    drug: str
    missing: tuple[str, ...]


class SafetyPayload(Record):
    """Findings, most severe first; drugs that the tables hold nothing against; checks that lack facts.

    `clear_evidence` holds the evidence that says so, in the order of `clear`.
    """

    findings: tuple[DrugFinding, ...]
    clear: tuple[str, ...]
    clear_evidence: tuple[str, ...]
    open: tuple[OpenQuestion, ...]
    not_in_tables: tuple[str, ...]


def run(context: ToolContext, arguments: SafetyArguments) -> ToolResult:
    """Check each drug on the facts of the ledger.

    Raises:
        ToolRetry: a name is not a drug that the vocabulary knows.
    """
    facts = context.facts()
    evidence: dict[str, Evidence] = {}
    found: list[DrugFinding] = []
    open_checks: list[OpenQuestion] = []
    clear: dict[str, str] = {}
    unknown: list[str] = []
    drugs = list(dict.fromkeys(map(resolve_drug, arguments.drugs)))
    for drug in drugs:
        if not rows_for(drug):
            unknown.append(drug)
            continue
        findings = check_drug(drug, _beside(facts, drugs, drug) if arguments.together else facts)
        applying = [item for item in findings if item.truth is Truth.APPLIES]
        for item in applying:
            made = _evidence(item, context)
            evidence.setdefault(made.id, made)
            found.append(_payload(item, made.id, facts))
        missing = dict.fromkeys(name for item in findings if item.truth is not Truth.APPLIES for name in item.missing)
        if missing:
            open_checks.append(OpenQuestion(drug=drug, missing=tuple(missing)))
        if not applying:
            made = _nothing_against(drug, context)
            clear[drug] = made.id
            evidence.setdefault(made.id, made)
    warnings = [
        f"{label_of(drug, context.language)}: not in the safety tables, so it was not checked." for drug in unknown
    ]
    payload = SafetyPayload(
        findings=tuple(found),
        clear=tuple(clear),
        clear_evidence=tuple(clear.values()),
        open=tuple(open_checks),
        not_in_tables=tuple(unknown),
    )
    return ToolResult(payload=payload, evidence=tuple(evidence.values()), warnings=tuple(warnings))


def _beside(facts: FactBook, drugs: list[str], drug: str) -> FactBook:
    """The facts of the patient with the other drugs taken as well."""
    others = (other for other in drugs if other != drug and facts.value(other) is not True)
    return facts.with_overrides(SourcedFact(Fact(name=name, value=True), "", Authority.TOOL) for name in others)


def label_of(name: str, language: Language) -> str:
    """What a declared fact is called, in English where there is no name in `language`."""
    labels = vocabulary()[name].label
    return labels.get(language) or labels["en"]


def _sentence_case(text: str) -> str:
    """The first letter large, the others as they are (ACE inhibitor)."""
    return text[:1].upper() + text[1:]


def finding_claim(item: SafetyFinding, language: Language) -> str:
    """One thing that speaks against a drug, as a sentence: the drug, what of the patient speaks against it, and why."""
    joint = "、" if language == "zh" else ", "
    reasons = joint.join(dict.fromkeys(label_of(name, language) for name in _telling(item.facts)))
    text, drug = in_language(item.row.text, language), label_of(item.drug, language)
    effect = ""
    if isinstance(item.row, InteractionRow):
        effect = f" ({in_language(item.row.effect, language).rstrip('.。')})"
    if language == "zh":
        barred = "不宜使用" if item.row.severity == "contraindicated" else ""
        return f"{drug}{barred}（{reasons}{effect}）：{text}"
    return f"{_sentence_case(drug)} with {reasons}{effect}: {text}"


def _evidence(item: SafetyFinding, context: ToolContext) -> Evidence:
    return Evidence(
        kind="database_record",
        claim=finding_claim(item, context.language),
        locator=DocumentPassage(
            document=item.row.source.title, section=str(item.row.source.section), identifier=item.row.source.identifier
        ),
        provenance=Provenance(
            tool=NAME,
            tool_version=VERSION,
            data_release=str(item.row.source.year),
            parameters={"row": item.row.id, "drug": item.drug},
        ),
    )


def _nothing_against(drug: str, context: ToolContext) -> Evidence:
    label = label_of(drug, context.language)
    claim = (
        f"对于该患者的已知情况，安全表中没有反对使用{label}的条目。"
        if context.language == "zh"
        else f"The safety tables hold nothing that speaks against {label} for what is known of this patient."
    )
    return Evidence(
        kind="database_record",
        claim=claim,
        locator=TableRow(table="knowledge/safety", release=VERSION, record=drug),
        provenance=Provenance(tool=NAME, tool_version=VERSION, parameters={"drug": drug}),
    )


def _telling(names: tuple[str, ...]) -> tuple[str, ...]:
    """The facts that a finding rests on, without age and sex where something else is the reason."""
    return tuple(name for name in names if name not in ("patient.age", "patient.sex")) or names


def _payload(item: SafetyFinding, evidence_id: str, facts: FactBook) -> DrugFinding:
    sources = (facts.get(name) for name in _telling(item.facts))
    return DrugFinding(
        drug=item.drug,
        row=item.row.id,
        evidence_id=evidence_id,
        kind=item.row.kind,
        severity=item.row.severity,
        because=tuple(dict.fromkeys(s.evidence_id for s in sources if s is not None and s.evidence_id)),
    )


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary="Checks drugs against this patient's allergies, other drugs, conditions, pregnancy, kidney and liver "
    "function. Call it for every drug that you are about to propose, and when asked whether a drug may be given.",
    arguments=SafetyArguments,
    payload=SafetyPayload,
    run=run,
    uses_ledger=True,
)

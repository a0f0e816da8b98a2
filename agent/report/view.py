"""What a report shows, worked out once for every rendering: numbered sources, statements with their marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.draft import SECTIONS, Decision, Problem, Report, Section, Statement, Verdict
from agent.verify import verify_statement
from knowledge.facts import Fact, vocabulary
from knowledge.units import written_unit
from prompts.loader import fill, phrases
from tools.case import Case
from tools.evidence import (
    Calculation,
    DocumentPassage,
    Evidence,
    NoteSpan,
    Provenance,
    TableRow,
)

CONTEXT_CHARACTERS = 100
Status = Literal["supported", "unsupported", "cannot_check"]


@dataclass(frozen=True)
class Mark:
    """A citation in the text: the number shown and the evidence that it leads to (None for an unknown id)."""

    number: int | None
    evidence_id: str


@dataclass(frozen=True)
class Line:
    """One statement as shown."""

    index: int
    statement: Statement
    text: str
    status: Status
    problems: tuple[Problem, ...]
    marks: tuple[Mark, ...]
    decision: Decision | None = None


@dataclass(frozen=True)
class Quote:
    """A quoted span with what stands before and after it."""

    before: str
    text: str
    after: str


@dataclass(frozen=True)
class Source:
    """One piece of evidence as shown."""

    number: int
    evidence: Evidence
    kind: str
    place: str
    link: str | None
    quote: Quote | None
    facts: tuple[tuple[str, str], ...]
    provenance: tuple[str, ...]
    cited_in: tuple[int, ...]


@dataclass(frozen=True)
class View:
    """Everything that a report shows, in its language."""

    report: Report
    case: Case
    texts: Mapping[str, Any]
    sections: Mapping[Section, tuple[Line, ...]]
    rejected: tuple[Line, ...]
    sources: tuple[Source, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    def say(self, key: str, **values: Any) -> str:
        """The text `key` (dotted) in the language of the draft, with `values` filled in."""
        found: Any = self.texts
        for part in key.split("."):
            found = found[part]
        return fill(str(found), **values)

    def of_kind(self, *kinds: str) -> tuple[Source, ...]:
        """The sources of these kinds that a statement cites."""
        return tuple(s for s in self.sources if s.evidence.kind in kinds and s.cited_in)


def build_view(report: Report, case: Case) -> View:
    """Number the sources in the order of their first citation and lay the statements out by section."""
    draft = report.draft
    texts = phrases("report", draft.language)
    ledger = report.ledger()
    decisions = {d.index: d for d in report.review.decisions} if report.review else {}
    order = [i for s in draft.statements for i in s.evidence if i in ledger]
    cited = list(dict.fromkeys(order))
    numbers = {name: n for n, name in enumerate([*cited, *(i for i in ledger if i not in set(cited))], start=1)}
    verdicts = {v.index: v for v in report.verification.verdicts}
    lines = [
        _line(index, statement, verdicts.get(index), decisions.get(index), numbers, report, case)
        for index, statement in enumerate(draft.statements)
    ]
    kept = [line for line in lines if line.decision is None or line.decision.action != "reject"]
    sections = {name: tuple(line for line in kept if line.statement.section == name) for name in SECTIONS}
    cited_in = {name: [i for i, s in enumerate(draft.statements) if name in s.evidence] for name in cited}
    sources = tuple(_source(ledger[name], n, cited_in.get(name, []), case, texts) for name, n in numbers.items())
    counts = {s: sum(line.status == s for line in kept) for s in ("supported", "unsupported", "cannot_check")}
    rejected = tuple(line for line in lines if line.decision and line.decision.action == "reject")
    return View(report, case, texts, sections, rejected, sources, counts | {"total": len(kept)})


def _line(
    index: int,
    statement: Statement,
    verdict: Verdict | None,
    decision: Decision | None,
    numbers: Mapping[str, int],
    report: Report,
    case: Case,
) -> Line:
    text = statement.text
    if decision is not None and decision.action == "edit" and decision.text:
        text = " ".join(decision.text.split())
        changed = statement.model_copy(update={"text": text})
        verdict = verify_statement(changed, report.ledger(), case, index=index, language=report.draft.language)
    marks = tuple(Mark(numbers.get(name), name) for name in statement.evidence)
    status: Status = verdict.status if verdict else "cannot_check"
    return Line(index, statement, text, status, verdict.problems if verdict else (), marks, decision)


def _source(item: Evidence, number: int, cited_in: list[int], case: Case, texts: Mapping[str, Any]) -> Source:
    return Source(
        number=number,
        evidence=item,
        kind=texts["evidence_kinds"][item.kind],
        place=_place(item, case, texts),
        link=_link(item),
        quote=_quote(item, case),
        facts=tuple(fact_row(fact, texts) for fact in item.facts),
        provenance=_provenance(item.provenance, texts),
        cited_in=tuple(cited_in),
    )


def _place(item: Evidence, case: Case, texts: Mapping[str, Any]) -> str:
    at = item.locator
    named = at.model_dump(exclude={"type"})
    if "handle" in named:
        named["handle"] = _file_name(named["handle"], case)
    if isinstance(at, Calculation) and (model := item.fact("risk.model")) is not None:
        named["model"] = fact_row(model, texts)[1]
    if isinstance(at, TableRow):
        named["table"] = texts["tables"].get(at.table, at.table)
        spec = vocabulary().get(at.record)
        named["record"] = at.record if spec is None else spec.label.get(str(texts["language"])) or spec.label["en"]
    place = fill(texts["places"][at.type], **named)
    if isinstance(at, DocumentPassage) and at.page is not None:
        place += f", {texts['page']} {at.page}"
    return place


def _file_name(handle: str, case: Case) -> str:
    """What a person calls the file with that handle: the title of a note, the name of a file."""
    note = case.note(handle)
    attachment = case.attachment(handle)
    if note is not None:
        return note.title
    return attachment.name if attachment is not None else "case.yaml" if handle == "case" else handle


def _link(item: Evidence) -> str | None:
    at = item.locator
    given = at.url if isinstance(at, TableRow) else getattr(at, "identifier", None)
    if given and given.startswith("10."):
        given = f"https://doi.org/{given}"
    return given if given and given.startswith(("https://", "http://")) else None


def _quote(item: Evidence, case: Case) -> Quote | None:
    at = item.locator
    if not isinstance(at, NoteSpan):
        return None
    note = case.note(at.handle)
    if note is None or note.text[at.start : at.end] != at.quote:
        return Quote("", at.quote, "")
    before = note.text[max(0, at.start - CONTEXT_CHARACTERS) : at.start]
    after = note.text[at.end : at.end + CONTEXT_CHARACTERS]
    cut_before = "…" if at.start > CONTEXT_CHARACTERS else ""
    cut_after = "…" if at.end + CONTEXT_CHARACTERS < len(note.text) else ""
    return Quote(cut_before + before, at.quote, after + cut_after)


def fact_row(fact: Fact, texts: Mapping[str, Any]) -> tuple[str, str]:
    """Label and value of a fact in the language of `texts`."""
    language = str(texts["language"])
    label = fact.spec.label.get(language) or fact.spec.label.get("en") or fact.name
    if isinstance(fact.value, bool):
        value = texts["is_true"] if fact.value else texts["is_false"]
    elif fact.spec.kind == "code":
        labels = fact.spec.values[str(fact.value)].label
        value = labels.get(language) or labels.get("en") or str(fact.value)
    elif isinstance(fact.value, float):
        value = f"{fact.value:.4g}" if abs(fact.value) < 1000 else f"{fact.value:.1f}".removesuffix(".0")
    else:
        value = str(fact.value)
    return label, f"{value} {written_unit(fact.unit or '1', language)}".strip()


def _provenance(made: Provenance, texts: Mapping[str, Any]) -> tuple[str, ...]:
    found = [fill(texts["provenance"], tool=made.tool, version=made.tool_version)]
    if made.data_release:
        found.append(f"{texts['release']} {made.data_release}")
    if made.weights_sha256:
        found.append(f"{texts['weights']} {made.weights_sha256[:12]}")
    found += [f"{name} {value}" for name, value in made.parameters.items() if value is not None and name != "picture"]
    found.append(f"{texts['device']} {made.device}")
    if made.seconds >= 0.05:
        found.append(f"{made.seconds:.1f} {texts['seconds']}")
    return tuple(found)

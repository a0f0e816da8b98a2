"""`differential`: candidates for the patient's presentations, from published lists and the facts of the ledger."""

from __future__ import annotations

import datetime as dt

from knowledge.criteria import Truth, evaluate, facts_of
from knowledge.differentials import Candidate, Point, Presentation, presentations
from knowledge.factbook import FactBook
from knowledge.facts import vocabulary
from tools.evidence import DocumentPassage, Evidence, Provenance, Record, ToolResult
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "differential", "4"


class DifferentialArguments(Arguments):
    """None: the facts of the case decide."""


class Considered(Record):
    """One candidate with the number of points for and against it, most net points first; `lacking` are the measurements
    that its points ask for and nobody recorded."""

    id: str
    presentation: str
    evidence_id: str
    must_not_miss: bool
    acute: bool
    points_for: int
    points_against: int
    because: tuple[str, ...]
    claim_zh: str
    lacking: tuple[str, ...] = ()


class DifferentialPayload(Record):
    """The candidates of every presentation that the facts show."""

    candidates: tuple[Considered, ...]


def run(context: ToolContext, _: DifferentialArguments) -> ToolResult:
    """Candidates of each presentation that is known to be there. Nothing is claimed from facts that are missing."""
    facts, as_of = context.facts(), context.case.as_of
    diagnosed = facts.get("tumour.type") is not None
    evidence: dict[str, Evidence] = {}
    found: list[Considered] = []
    for presentation in presentations():
        if presentation.unless_tumour_known and diagnosed:
            continue
        if evaluate(presentation.criterion, facts, as_of).truth is not Truth.APPLIES:
            continue
        for candidate in presentation.candidates:
            item = _consider(presentation, candidate, facts, as_of)
            if item is not None:
                evidence.setdefault(item[0].id, item[0])
                found.append(item[1])
    found.sort(key=lambda item: item.points_against - item.points_for)
    return ToolResult(payload=DifferentialPayload(candidates=tuple(found)), evidence=tuple(evidence.values()))


def _consider(
    presentation: Presentation, candidate: Candidate, facts: FactBook, as_of: dt.date | None
) -> tuple[Evidence, Considered] | None:
    pro, pro_ids = _met(candidate.speaks_for, facts, as_of)
    if not pro:
        return None
    con, con_ids = _met(candidate.speaks_against, facts, as_of)
    evidence = Evidence(
        kind="database_record",
        claim=_english(candidate, pro, con),
        locator=DocumentPassage(
            document=presentation.source.title,
            section=presentation.source.section,
            identifier=presentation.source.identifier,
        ),
        provenance=Provenance(
            tool=NAME,
            tool_version=VERSION,
            data_release=str(presentation.source.year),
            parameters={"candidate": candidate.fact or f"condition.{candidate.id}"} if len(pro) > len(con) else {},
        ),
    )
    considered = Considered(
        id=candidate.id,
        presentation=presentation.id,
        evidence_id=evidence.id,
        must_not_miss=candidate.must_not_miss,
        acute=presentation.acute and candidate.must_not_miss,
        points_for=len(pro),
        points_against=len(con),
        because=tuple(dict.fromkeys([*pro_ids, *con_ids])),
        claim_zh=_chinese(candidate, pro, con),
        lacking=_lacking(candidate, facts),
    )
    return evidence, considered


def _lacking(candidate: Candidate, facts: FactBook) -> tuple[str, ...]:
    names = (name for point in candidate.speaks_for for name in facts_of(point.criterion))
    return tuple(dict.fromkeys(n for n in names if vocabulary()[n].kind == "quantity" and facts.get(n) is None))


def _met(points: tuple[Point, ...], facts: FactBook, as_of: dt.date | None) -> tuple[list[Point], list[str]]:
    met, ids = [], []
    for point in points:
        outcome = evaluate(point.criterion, facts, as_of)
        if outcome.truth is Truth.APPLIES:
            met.append(point)
            ids += [used.evidence_id for used in outcome.because]
    return met, ids


def _english(candidate: Candidate, pro: list[Point], con: list[Point]) -> str:
    name = candidate.label["en"]
    text = f"{name[0].upper()}{name[1:]}: for it {_listed(pro)}"
    if con:
        text += f"; against it {_listed(con)}"
    return f"{text}; {candidate.test['en']} would tell."


def _listed(points: list[Point]) -> str:
    words = [point.words["en"] for point in points]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _chinese(candidate: Candidate, pro: list[Point], con: list[Point]) -> str:
    text = f"{candidate.label['zh']}：支持点为{'、'.join(p.words['zh'] for p in pro)}"
    if con:
        text += f"；不支持点为{'、'.join(p.words['zh'] for p in con)}"
    return f"{text}；{candidate.test['zh']}可用于鉴别。"


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary="Lists what to think of for the patient's presentation (such as a lung nodule), with what speaks for and "
    "against each candidate and the test that would tell. Call it after notes and imaging were read.",
    arguments=DifferentialArguments,
    payload=DifferentialPayload,
    run=run,
    uses_ledger=True,
)

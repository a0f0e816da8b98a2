"""The verifier as judge of plain text: does a reference support a sentence, speak against it, or neither?

A reference is cut into sentences and runs of three. The verifier checks the sentence against each of those that share
most with it, as if it cited them; only a single sentence can speak against it. No language model is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from agent.draft import Statement, Verdict
from agent.verify import Verifier
from agent.verify.citation import Rarity
from agent.verify.reading import read, support_of
from evals.scoring.conflicts import AGAINST
from tools.case import Case, Patient
from tools.evidence import DocumentPassage, Evidence, Provenance

Status = Literal["supported", "contradicted", "not_supported", "cannot_check"]
SENTENCES, CANDIDATES, LONGEST = 3, 4, 1800
# A window has to share so much of the sentence (weighted by rarity) before a difference counts as speaking against it.
ABOUT_IT = 0.5
_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“(\[])|(?<=[。！？；])|\n+")
_CASE = Case(id="reference", patient=Patient(id="reference"))
_MADE_BY = Provenance(tool="reference", tool_version="1")


class Judgement(NamedTuple):
    """What a reference says of a sentence or of several; `window` is the part of it that decided."""

    status: Status
    reason: str = ""
    window: str = ""


def sentences(text: str) -> list[str]:
    """Sentences of a text, without blanks around them."""
    parts = (" ".join(part.split()) for part in _ENDS.split(text))
    return [part for part in parts if re.search(r"\w", part)]


@lru_cache(maxsize=64)
def windows(references: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Every run of up to three sentences of each reference, as evidence."""
    made: dict[str, Evidence] = {}
    for number, reference in enumerate(references, start=1):
        held = sentences(reference)
        runs = range(max(1, len(held) - SENTENCES + 1))
        texts = [*held, *(" ".join(held[first : first + SENTENCES]) for first in runs)]
        if len(whole := " ".join(held)) <= LONGEST:  # a short text also as a whole: "it" may be named sentences before
            texts.append(whole)
        for first, text in enumerate(texts, start=1):
            if text:
                place = DocumentPassage(document=f"reference {number}", section=str(first))
                item = Evidence(kind="database_record", claim=text[:LONGEST], locator=place, provenance=_MADE_BY)
                made.setdefault(item.id, item)
    return tuple(made.values())


def judge(text: str, references: Iterable[str]) -> Judgement:
    """Whether all sentences of `text` are supported; the first that is not decides."""
    held = windows(tuple(references))
    if not held:
        return Judgement("not_supported", "there is no reference")
    ledger = {item.id: item for item in held}
    rarity, verifier = Rarity.of(ledger), Verifier(ledger, _CASE, _language(text))
    found = [_one(sentence, held, rarity, verifier) for sentence in sentences(text)]
    if not found:
        return Judgement("cannot_check", "there is no sentence")
    order: tuple[Status, ...] = ("contradicted", "not_supported", "cannot_check", "supported")
    return min(found, key=lambda judgement: order.index(judgement.status))


def _language(text: str) -> str:
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"


def _one(sentence: str, held: Sequence[Evidence], rarity: Rarity, verifier: Verifier) -> Judgement:
    reading = read(sentence)
    shares = [(rarity.shared(reading, support_of(item.id, item)), -place) for place, item in enumerate(held)]
    best = sorted(shares, reverse=True)[:CANDIDATES]
    whole = [pair for pair in shares if len(sentences(held[-pair[1]].claim)) > 1]
    best += [pair for pair in sorted(whole, reverse=True)[:CANDIDATES] if pair not in best]
    judged: list[Judgement] = []
    for share, place in best:
        window = held[-place]
        statement = Statement(section="findings", kind="finding", text=sentence[:2000], evidence=(window.id,))
        verdict = verifier.verdict(statement)
        if verdict.status == "supported":
            return Judgement("supported", window=window.claim)
        single = len(sentences(window.claim)) == 1  # only a sentence on the same thing can speak against one
        judged.append(_refused(verdict, share if single else 0.0, window))
    against = next((item for item in judged if item.status == "contradicted"), None)
    return against or judged[0]


def _refused(verdict: Verdict, share: float, window: Evidence) -> Judgement:
    reason = "; ".join(problem.message for problem in verdict.problems)
    codes = {problem.code for problem in verdict.problems}
    if share >= ABOUT_IT and codes & AGAINST:
        return Judgement("contradicted", reason, window.claim)
    status: Status = "cannot_check" if verdict.status == "cannot_check" else "not_supported"
    return Judgement(status, reason, window.claim)

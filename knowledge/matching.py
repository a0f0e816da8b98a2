"""Which recommendations apply to one patient, which cannot be decided, and what to ask next."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from knowledge.criteria import AtLeast, Outcome, Truth, evaluate, facts_of
from knowledge.exclusive import unlikely_beside
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from knowledge.grading import strength_order
from knowledge.recommendations import Recommendation, Recommendations, recommendations

# Facts that nearly every case has; on their own they do not show that a recommendation is about this patient.
_COMMON = ("patient.", "vital.", "smoking.")
_SETTING = ("tumour.type", "tumour.stage", "tumour.metastatic", "therapy.lines_advanced")
_RENAL = ("lab.egfr", "lab.creatinine_clearance", "lab.creatinine")
_DIAGNOSES = ("condition.", "tumour.type", "germline.")


class Matched(NamedTuple):
    """One recommendation with its outcome. `fit` is 0 to 1: how much of what it asks is already met.

    `if_confirmed`: the suspected diagnoses each of which alone would make it apply.
    `beside`: a marker that is known, beside which the one that this waits for is hardly to be expected.
    """

    recommendation: Recommendation
    outcome: Outcome
    fit: float
    if_confirmed: tuple[str, ...] = ()
    beside: str | None = None


class NearMiss(NamedTuple):
    """A recommendation for a disease that the patient has which fails on one point only, and the deciding facts.

    `fit`: how telling the facts are that its other points are met by.
    """

    recommendation: Recommendation
    because: tuple[SourcedFact, ...]
    fit: float


class Question(NamedTuple):
    """A missing fact: how many recommendations it decides once those above it are answered, and how many need it."""

    fact: str
    decides: int
    needed_by: tuple[str, ...]


class Matches(NamedTuple):
    """The recommendations for one patient."""

    applies: tuple[Matched, ...]
    cannot_tell: tuple[Matched, ...]
    near_misses: tuple[NearMiss, ...]
    considered: int


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, float]:
    return fact_weights(recommendations())


def fact_weights(store: Recommendations) -> dict[str, float]:
    """How telling each fact is: log of how rare it is among the criteria, so that an age counts for little."""
    uses = Counter(name for r in store for name in facts_of(r.criterion))
    return {name: math.log(1 + len(store) / count) for name, count in uses.items()}


def match(
    facts: FactBook,
    as_of: dt.date | None = None,
    candidates: Iterable[Recommendation] | None = None,
    suspected: frozenset[str] = frozenset(),
) -> Matches:
    """Evaluate recommendations for one patient.

    Args:
        suspected: diagnoses to think of; what one of them would make apply comes first among the undecided.
        as_of: date of the case, for criteria with a time window.
        candidates: those to consider; by default all of current editions.
    """
    considered = list(recommendations().current() if candidates is None else candidates)
    applies, open_, near = [], [], []
    books = {name: facts.with_overrides([_supposed(name)]) for name in sorted(suspected)}
    unlikely = unlikely_beside(facts)
    without = facts.with_overrides([_supposed(name, False) for name in unlikely]) if unlikely else facts
    for recommendation in considered:
        outcome = evaluate(recommendation.criterion, facts, as_of)
        if outcome.truth is Truth.APPLIES:
            applies.append(Matched(recommendation, outcome, 1.0))
        elif outcome.truth is Truth.CANNOT_TELL:
            supposed = [
                n for n, book in books.items() if evaluate(recommendation.criterion, book, as_of).truth is Truth.APPLIES
            ]
            if supposed or _is_worth_asking(outcome):
                falls = unlikely and evaluate(recommendation.criterion, without, as_of).truth is Truth.DOES_NOT_APPLY
                beside = next((unlikely[name] for name in outcome.missing if name in unlikely), None) if falls else None
                open_.append(Matched(recommendation, outcome, _fit(outcome), tuple(supposed), beside))
        elif outcome.truth is Truth.DOES_NOT_APPLY:
            fit = _fit_but_for_one_point(recommendation, facts, as_of)
            near += [NearMiss(recommendation, outcome.because, fit)] if fit else []
    applies.sort(
        key=lambda m: (
            not is_about_patient(m.outcome.because),
            strength_order(m.recommendation.strength),
            m.recommendation.id,
        )
    )
    open_.sort(
        key=lambda m: (
            m.beside is not None,
            not m.if_confirmed,
            -m.fit,
            strength_order(m.recommendation.strength),
            m.recommendation.id,
        )
    )
    near.sort(key=lambda n: (-n.fit, strength_order(n.recommendation.strength), n.recommendation.id))
    return Matches(tuple(applies), tuple(open_), tuple(near), len(considered))


def is_about_patient(because: Iterable[SourcedFact]) -> bool:
    """Whether a fact beyond age, sex, habits and vital signs already speaks for a recommendation."""
    return any(_tells(e) for e in because)


def _tells(entry: SourcedFact) -> bool:
    return not entry.fact.name.startswith(_COMMON) and entry.fact.value is not False


def _supposed(name: str, value: bool = True) -> SourcedFact:
    return SourcedFact(Fact(name=name, value=value), "", Authority.TOOL)


def _is_worth_asking(outcome: Outcome) -> bool:
    """Whether the patient's facts speak for an undecided recommendation.

    One that waits for a diagnosis which nobody has recorded needs two facts other than symptoms that speak for it:
    otherwise every record would raise the question of every disease. Kidney function, which decides on doses, speaks
    for kidney disease only.
    """
    telling = [e for e in outcome.because if _tells(e)]
    if not any(name.startswith(_DIAGNOSES) for name in outcome.missing):
        return bool(telling)
    renal = any("kidney" in name for name in outcome.missing)
    counted = [e for e in telling if not e.fact.name.startswith("symptom.") and (renal or e.fact.name not in _RENAL)]
    return len(counted) >= 2


def _fit(outcome: Outcome) -> float:
    weights = _weights()
    met = sum(weights.get(entry.fact.name, 1.0) for entry in outcome.because)
    lacking = sum(weights.get(name, 1.0) for name in outcome.missing)
    return met / (met + lacking)


def _fit_but_for_one_point(recommendation: Recommendation, facts: FactBook, as_of: dt.date | None) -> float:
    """The weight of the facts that meet all points but one; 0 where more fail or that one is of another setting."""
    node = recommendation.criterion
    if not isinstance(node, AtLeast) or node.count != len(node.parts):
        return 0.0
    outcomes = [evaluate(part, facts, as_of) for part in node.parts]
    failed = [o for o in outcomes if o.truth is Truth.DOES_NOT_APPLY]
    met = [entry for o in outcomes if o.truth is Truth.APPLIES for entry in o.because]
    if any(name.startswith("condition.") for o in outcomes if o.truth is Truth.CANNOT_TELL for name in o.missing):
        return 0.0  # of a condition that nobody has recorded
    if len(failed) != 1 or not is_about_patient(met) or any(map(_is_another_setting, failed[0].because)):
        return 0.0
    return sum(_weights().get(entry.fact.name, 1.0) for entry in met)


def _is_another_setting(entry: SourcedFact) -> bool:
    """Whether a recommendation fails because it is about another disease, extent of disease or line of treatment."""
    name, value = entry.fact.name, entry.fact.value
    return name in _SETTING or (name.startswith("condition.") and value is False)


def rank_questions(undecided: Sequence[Matched], limit: int = 10) -> tuple[Question, ...]:
    """The missing facts in the order in which to ask them.

    Greedy: each step takes the fact with the largest sum, over the recommendations that still lack it, of their fit
    divided by the number of facts that they still lack. `decides` counts those that lack nothing else.
    """
    lacking = {m.recommendation.id: set(m.outcome.missing) for m in undecided}
    fits = {m.recommendation.id: m.fit for m in undecided}
    needed_by: dict[str, list[str]] = {}
    for m in undecided:
        for name in m.outcome.missing:
            needed_by.setdefault(name, []).append(m.recommendation.id)
    asked: list[Question] = []
    while needed_by and len(asked) < limit:
        gains = {n: sum(fits[i] / len(lacking[i]) for i in ids if n in lacking[i]) for n, ids in needed_by.items()}
        best = max(sorted(gains), key=lambda name: round(gains[name], 9))
        ids = needed_by.pop(best)
        decides = sum(lacking[i] == {best} for i in ids)
        for i in ids:
            lacking[i].discard(best)
        asked.append(Question(best, decides, tuple(ids)))
    return tuple(asked)

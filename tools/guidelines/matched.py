"""The answer of `match_recommendations`: what applies, what waits for a fact, what was left out, what to ask."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from knowledge.facts import FactValue
from tools.evidence import Record


class UsedFact(Record):
    """A fact that decided a recommendation, and the evidence that carries it.

    `derived_from`: the fact that this evidence states, where the one that decided follows from it.
    """

    fact: str
    value: FactValue
    unit: str | None
    evidence_id: str
    derived_from: str | None = None


class ActionPayload(Record):
    """What a recommendation asks for, in vocabulary names."""

    type: Literal["test", "treat", "avoid", "refer", "follow_up"]
    drugs: tuple[str, ...]
    tests: tuple[str, ...]
    dose: str | None
    concerns_drug: bool


class Disagreement(Record):
    """A recommendation of another source that says otherwise, and whether its own criteria are met here."""

    id: str
    organisation: str
    year: int
    text: str
    truth: Literal["applies", "does_not_apply", "cannot_tell"]


class Applying(Record):
    """A recommendation whose criteria are met.

    `specific`: it rests on more than age, sex, habits and vital signs. `acute`: of a presentation that threatens life;
    `long_term`: of care over years, which waits for it; `place`: in its guideline, the order in which to act.
    """

    id: str
    evidence_id: str
    topic: str
    job: str
    text: str
    organisation: str
    year: int
    diseases: tuple[str, ...]
    action: ActionPayload
    strength: str
    certainty: str
    specific: bool
    acute: bool
    long_term: bool
    place: int
    because: tuple[UsedFact, ...]
    assumed: tuple[str, ...]
    disagrees_with: tuple[Disagreement, ...]


class Undecided(Record):
    """A recommendation that some facts speak for, and the facts that it lacks.

    `beside`: a known marker beside which the one that is lacking is hardly to be expected.
    """

    id: str
    evidence_id: str
    action: ActionPayload
    diseases: tuple[str, ...]
    text: str
    topic: str
    acute: bool
    long_term: bool
    place: int
    missing: tuple[str, ...]
    because: tuple[UsedFact, ...]
    fit: float
    beside: str | None


class Excluded(Record):
    """A recommendation for the same disease that fails on one point, and the facts that decide it."""

    id: str
    evidence_id: str
    text: str
    topic: str
    acute: bool
    long_term: bool
    drugs: tuple[str, ...]
    because: tuple[UsedFact, ...]


class AskNext(Record):
    """A missing fact worth asking for: `decides` recommendations hang on it once those above are answered."""

    fact: str
    label: dict[str, str]
    decides: int
    needed_by: int


class MatchPayload(Record):
    """The recommendations for this case."""

    applies: tuple[Applying, ...]
    cannot_tell: tuple[Undecided, ...]
    excluded: tuple[Excluded, ...]
    questions: tuple[AskNext, ...]
    considered: int
    as_of: dt.date | None

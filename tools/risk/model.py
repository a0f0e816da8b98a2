"""What a published model is: a declarative record with one formula.

Inputs name facts of the vocabulary. A formula gets the inputs as numbers (`x.age`, `x.creatinine`), booleans as
0 or 1 and codes as the numbers that the input lists, and returns one number for each output key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tools.risk.ops import Number, Ops

Field = Literal["cardiovascular", "cancer", "liver", "kidney", "acute", "laboratory", "dose", "general"]
OutputKind = Literal["probability", "score", "quantity", "category", "date"]
Link = Literal["identity", "logit", "cloglog"]
FEMALE, MALE = 0.0, 1.0
SEX_CODES: Mapping[str, float] = {"female": FEMALE, "male": MALE}


class Values:
    """The inputs of one evaluation by attribute: floats, or tensors of shape (n,)."""

    def __init__(self, values: Mapping[str, Number]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the model has no input {name!r}")


@dataclass(frozen=True)
class Input:
    """One input of a model.

    Attributes:
        fact: name in the vocabulary; the value is taken in `unit` (by default the unit of the vocabulary).
        key: attribute by which the formula knows it; by default the last part of the fact's name.
        low, high: inclusive range in which the publication allows the model to be used.
        also: further boolean facts; any of them being true makes the input true.
        codes: number that each code stands for; a code that is not listed does not fit the model.
        date: the fact is a date as text (YYYY-MM-DD), given to the formula as a day number.
        assume: value taken when nothing is known, with `assume_why`; None means that the input is needed.
        changeable: whether a patient and physician could change it so that the risk follows (for what-if). A treatment
            that marks who is ill, such as that of hypertension, is not: stopping it would not take the risk away.
        reference: value of the reference patient in explanations; None takes `assume`, else it is left equal.
    """

    fact: str
    key: str = ""
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    also: tuple[str, ...] = ()
    codes: Mapping[str, float] = field(default_factory=dict)
    date: bool = False
    assume: bool | float | str | None = None
    assume_why: str = ""
    changeable: bool = False
    reference: bool | float | str | None = None

    @property
    def name(self) -> str:
        """The key of this input in the formula."""
        return self.key or self.fact.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Band:
    """A category of a result: from `low` (inclusive) up to the next band, with what the source says it means."""

    low: float
    label: str
    meaning: str = ""


@dataclass(frozen=True)
class Output:
    """One result.

    Attributes:
        unit: UCUM unit; "%" for probabilities, "1" for scores.
        fact: patient-scope fact that this result becomes, if criteria or other models use it.
        labels: for a category, the code of each index that the formula returns.
        digits: decimals shown.
        link: scale on which contributions of inputs add up.
        told: it is stated beside the main result though it becomes no fact.
    """

    key: str
    title: str
    kind: OutputKind
    unit: str = "1"
    fact: str | None = None
    horizon_years: float | None = None
    bands: tuple[Band, ...] = ()
    labels: tuple[str, ...] = ()
    digits: int = 1
    link: Link = "identity"
    told: bool = False


@dataclass(frozen=True)
class Rule:
    """A condition of use: the boolean `fact` must be (`holds`) true or false; `why` is shown when it is not.

    `silent`: where nothing is recorded it is taken as met without a word. `at_least`: the fact is a number, in the unit
    of the vocabulary, and counts as true from there on. `calculable`: who asks a note for just this number gets it.
    """

    fact: str
    holds: bool
    why: str
    silent: bool = False
    at_least: float | None = None
    calculable: bool = False


@dataclass(frozen=True)
class Term:
    """One line of a points table, for display and as the group in explanations.

    `value` gives its points in the score, where they add up to it.
    """

    label: str
    points: str
    keys: tuple[str, ...]
    value: Callable[[Values, Ops], Number] | None = field(default=None, compare=False)


Formula = Callable[[Values, Ops], Mapping[str, Number]]


@dataclass(frozen=True)
class RiskModel:
    """A published model.

    Attributes:
        relevant: facts of which one must be true or known before the model is tried unasked.
        relevant_values: measured facts that make it relevant from a bound on, in the unit of the vocabulary.
        complaint: facts of which a note must state one for the model to be answered from it.
        complaint_values: measured facts, in the unit of the vocabulary, that count as stated from a bound on.
        supersedes: models that are not tried unasked where this one gives a result (it uses more of what is known).
        doi: identifier of the publication that the formula was taken from.
        accuracy: what the publication says about uncertainty and performance.
    """

    name: str
    title: str
    field: Field
    purpose: str
    population: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    formula: Formula
    source: str
    doi: str
    limits: str
    rules: tuple[Rule, ...] = ()
    relevant: tuple[str, ...] = ()
    relevant_values: tuple[tuple[str, float], ...] = ()
    complaint: tuple[str, ...] = ()
    complaint_values: tuple[tuple[str, float], ...] = ()
    terms: tuple[Term, ...] = ()
    aliases: tuple[str, ...] = ()
    accuracy: str = ""
    supersedes: tuple[str, ...] = ()

    def evaluate(self, values: Mapping[str, Number], ops: Ops) -> Mapping[str, Number]:
        """All outputs for inputs by key, without any check. Floats in, floats out; tensors likewise."""
        return self.formula(Values(values), ops)

    def input(self, key: str) -> Input:
        """The input with that key."""
        return next(item for item in self.inputs if item.name == key)


# Inputs that many models share.
AGE = Input("patient.age", low=18, high=110)
SEX = Input("patient.sex", codes=SEX_CODES)
NOT_RECORDED = "not recorded, so taken as absent"


def age(low: float, high: float, reference: float | None = None) -> Input:
    """Age in years within the range of a publication."""
    return Input("patient.age", low=low, high=high, reference=reference)


def yes_no(
    fact: str, key: str = "", changeable: bool = False, needed: bool = False, also: tuple[str, ...] = ()
) -> Input:
    """A boolean input; taken as absent when it is not recorded, unless it is `needed`."""
    return Input(
        fact,
        key or fact.replace(".", "_"),
        also=also,
        assume=None if needed else False,
        assume_why="" if needed else NOT_RECORDED,
        changeable=changeable,
        reference=False,
    )

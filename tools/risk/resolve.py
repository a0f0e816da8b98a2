"""From what is known of a patient to the inputs of one model: units, ranges, derivations, applicability.

Nothing is guessed. What is missing, implausible or outside of the model's range becomes a typed `Problem`;
what is assumed is listed.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Literal

from knowledge.errors import ToolRetry
from knowledge.factbook import FactBook, SourcedFact
from knowledge.facts import Fact, FactSpec, FactValue, vocabulary
from knowledge.units import convert
from tools.evidence import Record
from tools.risk.catalogue import DERIVED_CODES, DERIVED_FROM, get_model
from tools.risk.model import Input, RiskModel, Rule
from tools.risk.ops import FLOATS

ProblemKind = Literal["missing", "implausible", "out_of_range", "not_applicable"]


class Problem(Record):
    """Why a model gives no result, in words that say what is needed."""

    kind: ProblemKind
    text: str
    fact: str | None = None


class ResolvedInput(Record):
    """One input as used. `how` says whether it was recorded, computed from other facts, or assumed."""

    key: str
    fact: str
    label: str
    value: FactValue | None
    unit: str | None = None
    how: Literal["recorded", "derived", "assumed"] = "recorded"
    note: str = ""
    evidence_ids: tuple[str, ...] = ()
    changeable: bool = False


@dataclass
class Resolution:
    """Inputs of one model for one patient: numbers by key, how each came about, and what stands in the way."""

    numbers: dict[str, float] = field(default_factory=dict)
    inputs: list[ResolvedInput] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)

    def evidence_ids(self) -> tuple[str, ...]:
        """Ids of the evidence that the inputs came from, each once."""
        return tuple(dict.fromkeys(i for item in self.inputs for i in item.evidence_ids))


def resolve(model: RiskModel, facts: FactBook, depth: int = 0) -> Resolution:
    """Find every input of `model` in `facts` and check that the model may be used for this patient."""
    found = Resolution()
    _check_rules(model, facts, found)
    for item in model.inputs:
        _resolve_input(model, item, facts, found, depth)
    return found


def _check_rules(model: RiskModel, facts: FactBook, found: Resolution) -> None:
    for rule in model.rules:
        value = _of_rule(model, rule, facts)
        label = vocabulary()[rule.fact].label["en"]
        if value is None and rule.silent:
            continue
        if value is None:
            expected = "present" if rule.holds else "absent"
            found.assumptions.append(f"{label} is not recorded and was taken as {expected}")
        elif bool(value) != rule.holds:
            found.problems.append(
                Problem(
                    kind="not_applicable",
                    fact=rule.fact,
                    text=f"{model.title} does not apply: {rule.why}.",
                )
            )


def _of_rule(model: RiskModel, rule: Rule, facts: FactBook) -> FactValue | None:
    """What is known of the fact of a rule; a number counts as true from its bound on, computed where it can be."""
    if rule.at_least is None:
        return facts.value(rule.fact)
    entry, source = facts.get(rule.fact), DERIVED_FROM.get(rule.fact)
    number = None if entry is None else float(entry.fact.canonical())
    if number is None and source is not None and source != model.name:
        inner = get_model(source)
        found = resolve(inner, facts, depth=2)
        if not found.problems:
            output = next(o for o in inner.outputs if o.fact == rule.fact)
            number = float(inner.evaluate(found.numbers, FLOATS)[output.key])
    return None if number is None or math.isnan(number) else number >= rule.at_least


def _resolve_input(model: RiskModel, item: Input, facts: FactBook, found: Resolution, depth: int) -> None:
    spec = vocabulary()[item.fact]
    entry = _best(item, facts)
    if entry is not None:
        _use(model, item, spec, entry, found)
        return
    if item.fact in DERIVED_CODES and _derive_code(model, item, spec, facts, found):
        return
    if depth < 3 and _derive(model, item, spec, facts, found, depth):
        return
    if item.assume is None:
        found.problems.append(Problem(kind="missing", fact=item.fact, text=f"{model.title} needs {describe(item)}."))
        return
    number = _number(item, item.assume)
    found.numbers[item.name] = number
    found.assumptions.append(f"{spec.label['en']}: {item.assume_why}")
    shown = None if isinstance(item.assume, float) and math.isnan(item.assume) else item.assume
    found.inputs.append(
        ResolvedInput(
            key=item.name,
            fact=item.fact,
            label=spec.label["en"],
            value=shown,
            unit=item.unit or spec.unit if shown is not None else None,
            how="assumed",
            note=item.assume_why,
            changeable=item.changeable,
        )
    )


def _best(item: Input, facts: FactBook) -> SourcedFact | None:
    entries = [entry for name in (item.fact, *item.also) if (entry := facts.get(name)) is not None]
    return next((entry for entry in entries if entry.fact.value is True), entries[0] if entries else None)


def describe(item: Input) -> str:
    """What an input is, in words: label, fact name, unit, range or codes."""
    spec = vocabulary()[item.fact]
    parts = [spec.label["en"]]
    if item.codes:
        parts.append(f"({item.fact}: one of {', '.join(item.codes)})")
    elif spec.kind == "boolean":
        parts.append(f"({item.fact}: true or false)")
    elif item.date:
        parts.append(f"({item.fact}: a date, YYYY-MM-DD)")
    else:
        unit = item.unit or spec.unit or ""
        range_text = f", {_range(item)}" if item.low is not None or item.high is not None else ""
        parts.append(f"({item.fact} in {unit or 'whole numbers'}{range_text})")
    return " ".join(parts)


def _range(item: Input) -> str:
    low = "" if item.low is None else f"{item.low:g}"
    high = "" if item.high is None else f"{item.high:g}"
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


def _use(model: RiskModel, item: Input, spec: FactSpec, entry: SourcedFact, found: Resolution) -> None:
    fact = entry.fact
    if not fact.is_plausible():
        found.problems.append(Problem(kind="implausible", fact=fact.name, text=implausible_text(fact)))
        return
    value = fact.canonical()
    unit = item.unit or spec.unit
    if item.unit and spec.unit and item.unit != spec.unit:
        value = convert(float(value), spec.unit, item.unit, spec.molar_mass_g_per_mol)
    try:
        number = _number(item, value)
    except ToolRetry as problem:
        wrong: ProblemKind = "implausible" if item.date else "not_applicable"
        found.problems.append(Problem(kind=wrong, fact=fact.name, text=f"{model.title}: {problem}"))
        return
    if not _in_range(item, number):
        kind: ProblemKind = "not_applicable" if item.fact == "patient.age" else "out_of_range"
        shown = f"{number:g} {unit or ''}".strip()
        text = f"{spec.label['en']} of {shown} is outside of the range of {model.title} ({_range(item)} {unit or ''})."
        found.problems.append(Problem(kind=kind, fact=fact.name, text=text.replace(" )", ")")))
        return
    found.numbers[item.name] = number
    found.inputs.append(
        ResolvedInput(
            key=item.name,
            fact=fact.name,
            label=vocabulary()[fact.name].label["en"],
            value=round(value, 6) if isinstance(value, float) else value,
            unit=unit,
            evidence_ids=(entry.evidence_id,) if entry.evidence_id else (),
            changeable=item.changeable,
        )
    )


def _in_range(item: Input, number: float) -> bool:
    tolerance = 1e-9 * max(1.0, abs(number))
    low = -math.inf if item.low is None else item.low
    high = math.inf if item.high is None else item.high
    return low - tolerance <= number <= high + tolerance


def _number(item: Input, value: FactValue) -> float:
    if item.codes:
        if str(value) not in item.codes:
            raise ToolRetry(f"it has no value for {value}; it knows {', '.join(item.codes)}.")
        return float(item.codes[str(value)])
    if item.date:
        try:
            return float(dt.date.fromisoformat(str(value)[:10]).toordinal())
        except ValueError:
            raise ToolRetry(f"{str(value)[:20]!r} is not a date; write YYYY-MM-DD.") from None
    return float(value)


_LABORATORY_UNITS = (
    "umol/L",
    "mmol/L",
    "g/L",
    "mg/dL",
    "mg/L",
    "ug/L",
    "kg",
    "[lb_av]",
    "cm",
    "m",
    "[in_i]",
    "mmol/mol",
)


def implausible_text(fact: Fact) -> str:
    """Says that a value cannot be right, what is accepted, and in which other unit it would be plausible."""
    spec = fact.spec
    low, high = spec.plausible or (-math.inf, math.inf)
    unit = fact.unit or ""
    text = (
        f"{spec.label['en']} of {fact.value} {unit} is not plausible; accepted: {low:g} to {high:g} {spec.unit or ''}."
    )
    fits = []
    for other in (*spec.conversions, *_LABORATORY_UNITS):
        try:
            value = spec.to_canonical(float(fact.value), other)
        except (ToolRetry, ValueError):
            continue
        if other not in (unit, spec.unit) and spec.unit is not None and low <= value <= high:
            fits.append(f"in {other} it would be {value:.3g} {spec.unit}")
    return text + (f" Was another unit meant ({'; '.join(dict.fromkeys(fits[:2]))})?" if fits else "")


def _derive(model: RiskModel, item: Input, spec: FactSpec, facts: FactBook, found: Resolution, depth: int) -> bool:
    target = DERIVED_FROM.get(item.fact)
    if target is None or target == model.name:
        return False
    if target.startswith("="):
        entry = facts.get(target[1:])
        if entry is None:
            return False
        _use(model, item, spec, entry, found)
        return True
    source = get_model(target)
    inner = resolve(source, facts, depth + 1)
    output = next(o for o in source.outputs if o.fact == item.fact)
    value = math.nan if inner.problems else float(source.evaluate(inner.numbers, FLOATS)[output.key])
    if math.isnan(value):
        return False
    shown: FactValue = output.labels[int(value)] if output.labels else round(value, output.digits)
    number = _number(item, shown)
    if not _in_range(item, number):
        text = f"{spec.label['en']} of {shown} {spec.unit or ''} is out of the range of {model.title} ({_range(item)})."
        found.problems.append(Problem(kind="out_of_range", fact=item.fact, text=text))
        return True
    found.numbers[item.name] = number
    found.assumptions.extend(inner.assumptions)
    found.inputs.append(
        ResolvedInput(
            key=item.name,
            fact=item.fact,
            label=spec.label["en"],
            value=shown,
            unit=spec.unit,
            how="derived",
            note=f"computed by {source.title}",
            evidence_ids=inner.evidence_ids(),
            changeable=item.changeable,
        )
    )
    return True


def _derive_code(model: RiskModel, item: Input, spec: FactSpec, facts: FactBook, found: Resolution) -> bool:
    """A code that follows from another one, such as the Khorana site from the tumour's type."""
    source, table = DERIVED_CODES[item.fact]
    entry = facts.get(source)
    if entry is None:
        return False
    kinds = entry.fact.spec.code_ancestors(str(entry.fact.value))
    value = next((code for kind, code in table.items() if kind in kinds), table[""])
    found.numbers[item.name] = _number(item, value)
    found.inputs.append(
        ResolvedInput(
            key=item.name,
            fact=item.fact,
            label=spec.label["en"],
            value=value,
            how="derived",
            note=f"from the {entry.fact.spec.label['en']}, {entry.fact.value}, by the table of {model.title}",
            evidence_ids=(entry.evidence_id,) if entry.evidence_id else (),
        )
    )
    return True

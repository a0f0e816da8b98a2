"""Inputs as people type them: `creatinine=88 umol/L`, `age=62`, `diabetes=yes`, `height=5'8"`.

A name is a fact, or the last part of one. A quantity needs its unit, unless only one unit is ever used for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactSpec, FactValue, vocabulary
from tools.risk.model import RiskModel

_UNITLESS = frozenset({"a", "1", "%", "mm[Hg]", "/min", "/d", "{pack_years}", "mL/min/{1.73_m2}", "ms", "d"})
_SELDOM_MEANT = ("allergy.", "test.", "family_history.", "procedure.", "therapy.", "risk_score.")
_YES = frozenset({"yes", "true", "y", "present", "1"})
_NO = frozenset({"no", "false", "n", "absent", "0"})
_NUMBER = re.compile(r"^\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")
_COMMA = re.compile(r"^\s*[-+]?\d+,\d")
_FEET = re.compile(r"^\s*(\d+)\s*(?:'|ft|feet)\s*(\d+(?:\.\d+)?)\s*(?:\"|in|inches|'')?\s*$")


def find_fact(name: str, model: RiskModel | None = None) -> FactSpec:
    """The fact meant by a full name, an input key of `model`, or the last part of a fact's name.

    Raises:
        ToolRetry: no fact, or more than one, has that name.
    """
    known = vocabulary()
    if name in known:
        return known[name]
    if model is not None:
        for item in model.inputs:
            if name in (item.name, item.fact.rsplit(".", 1)[-1]):
                return known[item.fact]
    ends = [fact for fact in known if fact.rsplit(".", 1)[-1] == name and known[fact].scope == "patient"]
    if len(ends) > 1:
        ends = [fact for fact in ends if not fact.startswith(_SELDOM_MEANT)] or ends
    if len(ends) == 1:
        return known[ends[0]]
    if ends:
        raise ToolRetry(f"{name!r} may mean {', '.join(sorted(ends)[:6])}; write the full name.")
    try:
        return known.spec(name)
    except ToolRetry as error:
        if model is None:
            raise
        text = str(error).removesuffix(".")
        raise ToolRetry(f"{text}; {model.title} takes {', '.join(item.name for item in model.inputs)}.") from None


def parse_fact(text: str, model: RiskModel | None = None) -> Fact:
    """One `name=value[ unit]` as a fact.

    Raises:
        ToolRetry: the name, the value or the unit does not fit; the text says what would.
    """
    name, separator, given = text.partition("=")
    if not separator or not given.strip():
        raise ToolRetry(f"{text[:60]!r} is not of the form name=value or name='value unit'.")
    spec = find_fact(name.strip(), model)
    value, unit = parse_value(spec, given.strip())
    try:
        return Fact(name=spec.name, value=value, unit=unit)
    except ValueError as error:
        message = str(error).split("Value error, ")[-1].split(" [type=")[0]
        raise ToolRetry(f"{message}.") from None


def parse_value(spec: FactSpec, text: str) -> tuple[FactValue, str | None]:
    """The value and unit of `text` for a declared fact. Raises `ToolRetry` where they do not fit."""
    folded = text.strip().casefold()
    if spec.kind == "boolean":
        if folded in _YES | _NO:
            return folded in _YES, None
        raise ToolRetry(f"{spec.name} takes yes or no, not {text[:40]!r}.")
    if spec.kind == "code":
        code = folded.replace(" ", "_").replace("-", "_")
        found = next((c for c in spec.values if code in (c.casefold(), *_folded(spec, c))), None)
        if found is None:
            raise ToolRetry(f"{spec.name} takes one of {', '.join(spec.values)}, not {text[:40]!r}.")
        return found, None
    if spec.kind == "text":
        return text.strip(), None
    feet = _FEET.match(text)
    if feet and spec.unit == "cm":
        return float(feet[1]) * 12 + float(feet[2]), "[in_i]"
    if _COMMA.match(text):
        raise ToolRetry(f"{spec.name} takes a number with a point, not a comma: {text[:40]!r}.")
    match = _NUMBER.match(text)
    if match is None:
        raise ToolRetry(f"{spec.name} takes a number, not {text[:40]!r}.")
    return _number(spec, match[1], match[2])


def _folded(spec: FactSpec, code: str) -> list[str]:
    value = spec.values[code]
    return [t.casefold().replace(" ", "_").replace("-", "_") for t in (*value.label.values(), *value.synonyms)]


def _number(spec: FactSpec, digits: str, unit: str) -> tuple[FactValue, str | None]:
    if spec.kind == "integer":
        if unit or float(digits) != int(float(digits)):
            raise ToolRetry(f"{spec.name} takes a whole number without a unit.")
        return int(float(digits)), None
    if not unit:
        if spec.unit not in _UNITLESS:
            raise ToolRetry(f"{spec.name} needs its unit, such as {spec.unit}: it is never guessed.")
        unit = spec.unit or "1"
    return float(digits), unit


def facts_from(inputs: Iterable[str], model: RiskModel | None = None, source: str = "") -> FactBook:
    """A fact book of typed inputs. Raises `ToolRetry` for the first that does not fit, or that is given twice."""
    found: dict[str, Fact] = {}
    for text in inputs:
        fact = parse_fact(text, model)
        if found.setdefault(fact.name, fact) != fact:
            raise ToolRetry(f"{fact.name} is given twice: {found[fact.name].value} and {fact.value}.")
    return FactBook(SourcedFact(fact, source, Authority.PHYSICIAN) for fact in found.values())

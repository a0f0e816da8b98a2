"""Answers in the form of a chart line: the label of a fact, a colon, its value ("LVEF: 35 %.", "Pregnancy: no.").

The label must be one of the vocabulary's, word for word, so that nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from knowledge.errors import ConsiliumError
from knowledge.facts import Fact, FactSpec, FactValue, vocabulary
from knowledge.units import written_unit
from tools.case import Language
from tools.notes.finding import Finding

_TRUE = {"yes", "present", "positive", "true", "是", "有", "阳性"}
_FALSE = {"no", "absent", "negative", "false", "none", "否", "无", "没有", "阴性"}
_SAID = {"en": ("yes", "no"), "zh": ("是", "否")}
# A line or sentence; the dot of a number does not end it.
_LINE = re.compile(r"[^\r\n.。！!？?；;]+(?:\.(?=\S)[^\r\n.。！!？?；;]*)*(?P<end>[.。！!？?；;]|$|(?=[\r\n]))")
_PARTS = re.compile(r"^\s*(?P<label>\S.*)[:：]\s*(?P<value>[^\s:：](?:[^:：]*[^\s:：])?)\s*$")
_NUMBER = re.compile(r"^(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>\D.*)?$")


def labelled(text: str) -> Iterator[Finding]:
    """The facts in the chart lines of a text, in its order. A question is no answer."""
    for line in _LINE.finditer(text):
        parts = _PARTS.match(line[0].rstrip(".。！!；;"))
        if parts is None or line["end"] in ("?", "？"):
            continue
        name = _names().get(_folded(parts["label"]))
        fact = None if name is None else _fact(vocabulary()[name], parts["value"].strip())
        if fact is not None:
            start = line.start() + parts.start("label")
            end = line.start() + parts.end("value")
            yield Finding(fact=fact, start=start, end=end, quote=text[start:end], negated=fact.value is False)


# `The pulse was typed wrongly: it was 82.` takes back the value of a fact that it names by its label.
_CORRECTED = re.compile(
    r"\b(?:the|his|her)\s+(?P<label>[A-Za-z][\w -]{1,40}?)(?:\s+of\s+[\d.]+[^.;:,]{0,25}?)?\s+"
    r"(?:was|is|had been)\s+(?:\w+\s+){0,2}?"
    r"(?:wrong(?:ly)?|incorrect(?:ly)?|in error|mistyped|a typo|a mistake)\b[^.;:,]*[:;,.]\s*"
    r"(?:it|this|the (?:right|correct|true) (?:value|figure|one))\s+(?:was|is|should (?:be|read)|reads)\s+"
    r"(?P<value>[^.;,]+(?:\.\d+[^.;,]*)?)",
    re.I,
)


# Quantities that are given in one unit everywhere, so that a bare number tells them.
_ONE_UNIT = frozenset(
    {
        "vital.heart_rate", "vital.respiratory_rate", "vital.oxygen_saturation", "patient.age", "lab.egfr",
        "lab.creatinine_clearance",
    }
)  # fmt: skip


def corrected(text: str) -> Iterator[Finding]:
    """A value that is said to have been wrong, with the right one after it."""
    for match in _CORRECTED.finditer(text):
        named = (vocabulary().find(prefix, match["label"]) for prefix in ("lab.", "vital.", "patient."))
        name = _names().get(_folded(match["label"])) or next(filter(None, named), "")
        fact = _fact(vocabulary()[name], match["value"].strip()) if name in vocabulary() else None
        if fact is None and name in _ONE_UNIT:
            fact = _fact(vocabulary()[name], f"{match['value'].strip()} {vocabulary()[name].unit}")
        if fact is not None:
            yield Finding(fact=fact, start=match.start(), end=match.end(), quote=match[0], negated=fact.value is False)


def chart_line(spec: FactSpec, value: FactValue | None, language: Language) -> str | None:
    """The line that `labelled` reads as this fact with this value; None where it would be read otherwise.

    A quantity without a value has `{value}` in its place.
    """
    label = spec.label.get(language) or spec.label.get("en") or spec.name
    unit = written_unit(spec.unit, language) if spec.unit and spec.unit != "1" else ""
    if isinstance(value, bool):
        said = _SAID[language][0 if value else 1]
    elif isinstance(value, str):
        known = spec.values[value].label
        said = known.get(language) or known.get("en") or value
    else:
        said = f"{'{value}' if value is None else f'{value:g}'} {unit}".strip()
    line = f"{label}：{said}。" if language == "zh" else f"{label[:1].upper()}{label[1:]}: {said}."
    tried = _plausible(spec) if value is None else value
    found = list(labelled(line.replace("{value}", f"{tried:g}") if value is None else line))
    return line if [(f.fact.name, f.fact.value) for f in found] == [(spec.name, tried)] else None


def _plausible(spec: FactSpec) -> float:
    low, high = spec.plausible or (1.0, 99.0)
    return float(round((low + high) / 2)) if high - low >= 4 else round((low + high) / 2, 2)


def _fact(spec: FactSpec, said: str) -> Fact | None:
    try:
        if spec.kind == "boolean":
            word = said.casefold()
            return Fact(name=spec.name, value=word in _TRUE) if word in _TRUE | _FALSE else None
        if spec.kind == "code":
            code = _codes(spec.name).get(_folded(said))
            return None if code is None else Fact(name=spec.name, value=code)
        return _number(spec, said) if spec.kind in ("quantity", "integer") else None
    except (ConsiliumError, ValueError):
        return None


def _number(spec: FactSpec, said: str) -> Fact | None:
    """A number in the unit of the fact, as a chart writes it or in UCUM; a plain number has none."""
    found = _NUMBER.match(said)
    if found is None:
        return None
    number, unit = float(found["number"]), (found["unit"] or "").strip()
    own = spec.unit or "1"
    if spec.kind == "integer":
        return Fact(name=spec.name, value=int(number)) if not unit and number.is_integer() else None
    written = {own, written_unit(own, "en"), written_unit(own, "zh"), *(("",) if own == "1" else ())}
    if unit not in written:
        number, own_unit = spec.to_canonical(number, unit), own
        return Fact(name=spec.name, value=number, unit=own_unit)
    return Fact(name=spec.name, value=number, unit=own)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Facts of the patient by label in either language; a label that two facts have tells neither."""
    found: dict[str, set[str]] = {}
    for name, spec in vocabulary().items():
        if spec.scope == "patient":
            for label in spec.label.values():
                found.setdefault(_folded(label), set()).add(name)
    return {label: next(iter(names)) for label, names in found.items() if len(names) == 1}


@lru_cache(maxsize=500)
def _codes(name: str) -> dict[str, str]:
    values = vocabulary()[name].values
    return {_folded(label): code for code, value in values.items() for label in (code, *value.label.values())}

"""Criteria and recommendations in plain words, for people who read them."""

from __future__ import annotations

from knowledge.criteria import AssumeAbsent, AtLeast, Compare, Criterion, InCodes, Not, Present
from knowledge.facts import vocabulary
from knowledge.recommendations import in_language

_WORDS = {
    "en": {
        "all": "all of",
        "any": "any of",
        "at_least": "at least {count} of",
        "not": "not: {part}",
        "absent": "{name} absent (assumed if unknown)",
        "recorded": "{name} recorded as {codes}",
        "in": "{name}: {codes}",
        "or": " or ",
        "within": "{leaf}, within {days:g} days",
    },
    "zh": {
        "all": "全部满足",
        "any": "满足任一",
        "at_least": "至少满足 {count} 项",
        "not": "非：{part}",
        "absent": "无{name}（未知时视为无）",
        "recorded": "{name}记录为{codes}",
        "in": "{name}：{codes}",
        "or": "或",
        "within": "{leaf}（{days:g} 天内）",
    },
}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "="}


def label(fact: str, language: str = "en") -> str:
    """The name of a fact as people say it."""
    return in_language(vocabulary()[fact].label, language)


def criterion_lines(criterion: Criterion, language: str = "en", depth: int = 0) -> list[str]:
    """A criterion as indented lines."""
    words = _WORDS.get(language, _WORDS["en"])
    margin = "  " * depth
    if isinstance(criterion, AtLeast):
        count, size = criterion.count, len(criterion.parts)
        head = words["all"] if count == size else words["any"] if count == 1 else words["at_least"].format(count=count)
        parts = (line for part in criterion.parts for line in criterion_lines(part, language, depth + 1))
        return [f"{margin}{head}", *parts]
    if isinstance(criterion, Not):
        inner = criterion_lines(criterion.part, language, depth)
        return [margin + words["not"].format(part=inner[0].strip()), *inner[1:]]
    return [margin + _leaf(criterion, language, words)]


def _leaf(leaf: Present | AssumeAbsent | Compare | InCodes, language: str, words: dict[str, str]) -> str:
    name = label(leaf.fact, language)
    if isinstance(leaf, AssumeAbsent):
        return words["absent"].format(name=name)
    if isinstance(leaf, InCodes):
        values = vocabulary()[leaf.fact].values
        names = (
            values[code].label.get(language) or values[code].label.get("en") or code for code in sorted(leaf.codes)
        )
        codes = words["or"].join(names)
        text = words["recorded" if leaf.if_recorded else "in"].format(name=name, codes=codes)
    elif isinstance(leaf, Compare):
        unit = vocabulary()[leaf.fact].unit
        shown = "" if unit in (None, "1") else f" {unit}"
        text = name + "".join(f" {_SIGNS[key]} {limit:g}{shown}" for key, limit in leaf.bounds)
    else:
        text = name
    return text if leaf.within_days is None else words["within"].format(leaf=text, days=leaf.within_days)

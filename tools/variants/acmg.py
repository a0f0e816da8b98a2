"""ACMG/AMP evidence codes and the class that follows, by the table of 2015 and by the points of 2020.

Richards 2015 (doi:10.1038/gim.2015.30), Table 5, combines counts of codes by strength. Tavtigian 2020
(doi:10.1002/humu.24088) gives each code points: supporting 1, moderate 2, strong 4, very strong 8, negative for benign
codes; pathogenic from 10, likely pathogenic 6 to 9, uncertain 0 to 5, likely benign -1 to -6, benign from -7. BA1
stands alone: benign in both, unless codes of the other side make it contradictory. A strength is changed with a suffix,
as in PM2_Supporting or PVS1_Strong; `parse_codes` reads the other ways to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from knowledge.errors import ToolRetry
from tools.evidence import Record

Class = Literal["pathogenic", "likely_pathogenic", "uncertain_significance", "likely_benign", "benign"]
Strength = Literal["supporting", "moderate", "strong", "very_strong", "stand_alone"]

CODES: dict[str, Strength] = {
    "PVS1": "very_strong",
    **dict.fromkeys(("PS1", "PS2", "PS3", "PS4"), "strong"),
    **dict.fromkeys(("PM1", "PM2", "PM3", "PM4", "PM5", "PM6"), "moderate"),
    **dict.fromkeys(("PP1", "PP2", "PP3", "PP4", "PP5"), "supporting"),
    "BA1": "stand_alone",
    **dict.fromkeys(("BS1", "BS2", "BS3", "BS4"), "strong"),
    **dict.fromkeys(("BP1", "BP2", "BP3", "BP4", "BP5", "BP6", "BP7"), "supporting"),
}
DISCOURAGED = {
    "PP5": "ClinGen advises against PP5 (Biesecker 2018, doi:10.1038/gim.2018.42)",
    "BP6": "ClinGen advises against BP6 (Biesecker 2018, doi:10.1038/gim.2018.42)",
}
POINTS: dict[Strength, int] = {"supporting": 1, "moderate": 2, "strong": 4, "very_strong": 8}
WORDS: dict[Class, str] = {
    "pathogenic": "pathogenic",
    "likely_pathogenic": "likely pathogenic",
    "uncertain_significance": "of uncertain significance",
    "likely_benign": "likely benign",
    "benign": "benign",
}
ORDER: tuple[Class, ...] = ("benign", "likely_benign", "uncertain_significance", "likely_pathogenic", "pathogenic")
SVI_PM2 = (
    "ClinGen counts 1 very strong with 1 supporting as likely pathogenic, since PM2 is used as supporting (Sequence "
    "Variant Interpretation group, PM2 v1.0, 2020); the table of 2015 does not"
)
_SUFFIXES: dict[str, Strength] = {
    "supporting": "supporting", "support": "supporting", "supp": "supporting", "sup": "supporting", "p": "supporting",
    "moderate": "moderate", "mod": "moderate", "m": "moderate", "strong": "strong", "str": "strong", "s": "strong",
    "verystrong": "very_strong", "vstrong": "very_strong", "vs": "very_strong", "standalone": "stand_alone",
    "alone": "stand_alone", "sa": "stand_alone", "a": "stand_alone", "支持": "supporting", "支持性": "supporting",
    "中等": "moderate", "强": "strong", "非常强": "very_strong", "独立": "stand_alone",
}  # fmt: skip
_NAME = r"(?P<name>(?:PVS1|PS[1-4]|PM[1-6]|PP[1-5]|BA1|BS[1-4]|BP[1-7]))"
_WORD = (
    r"(?P<word>very[ _-]?strong|v[ _-]?strong|stand[ _-]?alone|strong|str|moderate|mod|supporting|support|supp|sup"
    r"|支持性?|中等|非常强|强|独立|VS|SA|S|M|P|A)"
)
CODE = re.compile(
    rf"(?<![A-Za-z0-9]){_NAME}(?:\s*[_\-:：(（\[ ]\s*{_WORD}(?![A-Za-z])\s*[)）\]]?"
    r"|(?P<glued>supporting|moderate|strong))?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""One code in running text, with its strength after an underscore, hyphen, colon, blank or bracket."""


class Code(Record):
    """One code that is met, at a strength, with the reason."""

    name: str
    strength: Strength
    reason: str = ""

    @property
    def benign(self) -> bool:
        """Whether it speaks for a benign variant."""
        return self.name.startswith("B")

    @property
    def points(self) -> int:
        """Points of 2020; BA1 counts as the threshold of benign."""
        if self.strength == "stand_alone":
            return -8
        return -POINTS[self.strength] if self.benign else POINTS[self.strength]

    @property
    def text(self) -> str:
        """The code as written, with a suffix where its strength was changed."""
        usual = CODES[self.name]
        return (
            self.name
            if usual == self.strength
            else f"{self.name}_{self.strength.replace('_', ' ').title().replace(' ', '')}"
        )


class Classification(Record):
    """The class by both rules, with what separates it from its neighbours.

    `agree` says whether both rules give one class. `conflicting` says that codes speak for both sides.
    """

    codes: tuple[Code, ...]
    by_table: Class
    rule: str
    by_points: Class
    points: int
    agree: bool
    conflicting: bool
    why_not_higher: str
    why_not_lower: str
    notes: tuple[str, ...] = Field(default=())


def parse_code(text: str) -> Code:
    """Read one code such as `PM2`, `PM2_Supporting`, `pvs1-strong` or `PP3 (Moderate)`.

    Raises:
        ToolRetry: there is no such code or strength, or the code cannot have it.
    """
    plain = text.strip()
    found = CODE.fullmatch(plain)
    if found is not None:
        return _made(text, found)
    name = re.match(r"[A-Za-z]+\d*", plain)
    if name is None or name.group().upper() not in CODES:
        raise ToolRetry(f"{text!r} is not an ACMG/AMP code. The codes are: {', '.join(CODES)}.")
    raise ToolRetry(f"{text!r}: a strength is Supporting, Moderate, Strong or VeryStrong.")


def parse_codes(text: str) -> list[Code]:
    """Read codes under commas, semicolons, plus signs, bars or blanks.

    Raises:
        ToolRetry: something in the text is no code, or a strength is impossible for its code.
    """
    found = list(CODE.finditer(text))
    rest = re.sub(r"[\s,;|+、，；/&]+", " ", CODE.sub(" ", text)).strip()
    if rest or not found:
        return [parse_code(rest.split(" ")[0] if rest else text)]
    return [_made(match.group(), match) for match in found]


def _made(text: str, found: re.Match[str]) -> Code:
    name = found["name"].upper()
    word = re.sub(r"[ _-]", "", (found["word"] or found["glued"] or "").lower())
    strength = _SUFFIXES[word] if word else CODES[name]
    if strength == "stand_alone" and name != "BA1":
        raise ToolRetry(f"{text!r}: only BA1 stands alone.")
    return Code(name=name, strength=strength)


def _counts(codes: Iterable[Code], benign: bool) -> dict[str, int]:
    held: dict[str, int] = dict.fromkeys((*POINTS, "stand_alone"), 0)
    for code in codes:
        if code.benign == benign:
            held[code.strength] += 1
    return held


def pathogenic_rule(codes: Sequence[Code]) -> tuple[Class, str] | None:
    """(class, rule of Table 5) on the pathogenic side, or None.

    A second very strong code counts as a strong one, because the table knows one very strong code only.
    """
    held = _counts(codes, benign=False)
    very = min(held["very_strong"], 1)
    strong = held["strong"] + max(held["very_strong"] - 1, 0)
    moderate, supporting = held["moderate"], held["supporting"]
    rules: tuple[tuple[bool, Class, str], ...] = (
        (very >= 1 and strong >= 1, "pathogenic", "1 very strong and at least 1 strong"),
        (very >= 1 and moderate >= 2, "pathogenic", "1 very strong and at least 2 moderate"),
        (very >= 1 and moderate >= 1 and supporting >= 1, "pathogenic", "1 very strong, 1 moderate and 1 supporting"),
        (very >= 1 and supporting >= 2, "pathogenic", "1 very strong and at least 2 supporting"),
        (strong >= 2, "pathogenic", "at least 2 strong"),
        (strong >= 1 and moderate >= 3, "pathogenic", "1 strong and at least 3 moderate"),
        (
            strong >= 1 and moderate >= 2 and supporting >= 2,
            "pathogenic",
            "1 strong, 2 moderate, at least 2 supporting",
        ),
        (
            strong >= 1 and moderate >= 1 and supporting >= 4,
            "pathogenic",
            "1 strong, 1 moderate, at least 4 supporting",
        ),
        (very >= 1 and moderate >= 1, "likely_pathogenic", "1 very strong and 1 moderate"),
        (strong >= 1 and moderate >= 1, "likely_pathogenic", "1 strong and 1 to 2 moderate"),
        (strong >= 1 and supporting >= 2, "likely_pathogenic", "1 strong and at least 2 supporting"),
        (moderate >= 3, "likely_pathogenic", "at least 3 moderate"),
        (moderate >= 2 and supporting >= 2, "likely_pathogenic", "2 moderate and at least 2 supporting"),
        (moderate >= 1 and supporting >= 4, "likely_pathogenic", "1 moderate and at least 4 supporting"),
    )
    return next(((found, rule) for met, found, rule in rules if met), None)


def benign_rule(codes: Sequence[Code]) -> tuple[Class, str] | None:
    """(class, rule of Table 5) on the benign side, or None. Moderate benign codes count as supporting."""
    held = _counts(codes, benign=True)
    strong = held["strong"] + held["very_strong"]
    supporting = held["supporting"] + held["moderate"]
    rules: tuple[tuple[bool, Class, str], ...] = (
        (held["stand_alone"] >= 1, "benign", "1 stand-alone"),
        (strong >= 2, "benign", "at least 2 strong benign"),
        (strong >= 1 and supporting >= 1, "likely_benign", "1 strong and 1 supporting benign"),
        (supporting >= 2, "likely_benign", "at least 2 supporting benign"),
    )
    return next(((found, rule) for met, found, rule in rules if met), None)


def by_table(codes: Sequence[Code]) -> tuple[Class, str]:
    """Class and rule by Table 5 of 2015; uncertain where both sides meet a rule, or neither does."""
    harmful, harmless = pathogenic_rule(codes), benign_rule(codes)
    if harmful and harmless:
        return "uncertain_significance", "rules of both sides are met"
    found = harmful or harmless
    return found or ("uncertain_significance", "no rule is met")


def by_points(codes: Sequence[Code]) -> tuple[Class, int]:
    """Class and points of 2020. BA1 decides unless the other side alone would be likely pathogenic."""
    total = sum(code.points for code in codes)
    harmful = sum(code.points for code in codes if not code.benign)
    if any(code.strength == "stand_alone" for code in codes) and harmful < 6:
        return "benign", total
    if total >= 10:
        return "pathogenic", total
    if total >= 6:
        return "likely_pathogenic", total
    if total >= 0:
        return "uncertain_significance", total
    return ("likely_benign", total) if total >= -6 else ("benign", total)


def classify(codes: Sequence[Code]) -> Classification:
    """The class of a set of codes. Raises `ToolRetry` where a code is given twice."""
    names = [code.name for code in codes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ToolRetry(f"Given twice: {', '.join(twice)}. Each code counts once, at one strength.")
    table, rule = by_table(codes)
    scale, total = by_points(codes)
    conflict = any(code.benign for code in codes) and any(not code.benign for code in codes)
    notes = [DISCOURAGED[name] for name in names if name in DISCOURAGED]
    strengths = [code.strength for code in codes if not code.benign]
    if table == "uncertain_significance" and not conflict and sorted(strengths) == ["supporting", "very_strong"]:
        notes.append(SVI_PM2)
    return Classification(
        codes=tuple(codes), by_table=table, rule=rule, by_points=scale, points=total, agree=table == scale,
        conflicting=conflict, why_not_higher=_neighbour(codes, table, 1), why_not_lower=_neighbour(codes, table, -1),
        notes=tuple(notes),
    )  # fmt: skip


def _neighbour(codes: Sequence[Code], held: Class, step: int) -> str:
    """What one more code would have to be to move the class by one step towards pathogenic (1) or benign (-1)."""
    index = ORDER.index(held) + step
    if not 0 <= index < len(ORDER):
        return ""
    towards = WORDS[ORDER[index]]
    name = "PS4" if step > 0 else "BS4"
    for strength in ("supporting", "moderate", "strong", "very_strong"):
        if step < 0 and strength in ("moderate", "very_strong"):
            continue
        extra = Code(name=name, strength=strength)
        found = by_table([*codes, extra])[0]
        if (ORDER.index(found) - ORDER.index(held)) * step > 0:
            side = "pathogenic" if step > 0 else "benign"
            return (
                f"Not {towards}: it takes one more {strength.replace('_', ' ')} {side} code, and is then {WORDS[found]}"
            )
    return f"Not {towards}: no single further code would make it so"


__all__ = [
    "CODES",
    "Classification",
    "Code",
    "benign_rule",
    "by_points",
    "by_table",
    "classify",
    "parse_code",
    "parse_codes",
    "pathogenic_rule",
]

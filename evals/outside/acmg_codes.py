"""ClinGen: ACMG/AMP evidence codes that were met, and the class that experts gave.

One table, such as an export of the ClinGen Evidence Repository. Both rules are measured: the combinations of 2015
(Richards, doi 10.1038/gim.2015.30) and the points of 2020 (Tavtigian, doi 10.1002/humu.24088). Expert panels may depart
from either for reasons that the codes do not show, so a difference is not always an error.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, scorable, scored_one, tallied
from evals.outside.rows import Row, read_rows
from evals.scoring.intervals import wilson

if TYPE_CHECKING:
    from tools.variants.acmg import Class, Code

_CLASSES: dict[str, Class] = {
    "pathogenic": "pathogenic", "p": "pathogenic", "path": "pathogenic", "class5": "pathogenic", "5": "pathogenic",
    "likelypathogenic": "likely_pathogenic", "lp": "likely_pathogenic", "class4": "likely_pathogenic",
    "4": "likely_pathogenic", "uncertainsignificance": "uncertain_significance", "vus": "uncertain_significance",
    "variantofuncertainsignificance": "uncertain_significance", "uncertain": "uncertain_significance",
    "unknownsignificance": "uncertain_significance", "us": "uncertain_significance", "3": "uncertain_significance",
    "class3": "uncertain_significance", "likelybenign": "likely_benign", "lb": "likely_benign", "2": "likely_benign",
    "class2": "likely_benign", "benign": "benign", "b": "benign", "1": "benign", "class1": "benign",
}  # fmt: skip
_SIDE: dict[Class, int] = {
    "pathogenic": 1, "likely_pathogenic": 1, "uncertain_significance": 0, "likely_benign": -1, "benign": -1,
}  # fmt: skip
_NOT_MET = re.compile(r"\bnot[ _-]?(?:met|applicable|used)\b|\bn/?a\b|\bunmet\b", re.IGNORECASE)
CODE_COLUMNS = (
    "Applied Evidence Codes (Met)", "evidence codes met", "codes met", "met codes", "codes", "evidence codes",
    "evidence", "criteria", "acmg codes", "acmg criteria", "acmg", "rules",
)  # fmt: skip
CLASS_COLUMNS = (
    "Assertion", "class", "classification", "expert classification", "expected", "label", "pathogenicity",
    "clinical significance", "significance", "final classification", "verdict",
)  # fmt: skip


def run(path: Path, settings: Settings) -> Result:
    """Classify every row by both rules. The verdict of an item is that of the points."""
    started = time.perf_counter()
    rows = read_rows(path)[: settings.limit]
    items = []
    for number, row in enumerate(rows, start=1):
        name = row.text("Variation", "variant", "HGVS expressions", "hgvs", "id", "uuid") or str(number)
        codes, wanted = row.need(*CODE_COLUMNS), row.need(*CLASS_COLUMNS)
        items.append(scored_one(name, None, lambda row=row, n=name, c=codes, w=wanted: _item(row, n, c, w)))  # type: ignore[misc]
    notes = ["An item is judged by the points of 2020.", *_confusions(items)]
    return finished("clingen", path.name, items, [*tallied(items), *_more(items)], started, notes)


def class_of(text: str) -> Class | None:
    """The class that a word or abbreviation names, or None."""
    from evals.outside.rows import plain

    return _CLASSES.get(plain(re.sub(r"\(.*?\)", "", text)))


def codes_of(text: str) -> list[Code]:
    """Codes in a cell, each once, under any separator and spelling of the strength; those that are not met are not.

    Raises:
        ToolRetry: a strength is impossible for its code.
    """
    from tools.variants.acmg import CODE, parse_code

    found: dict[str, Code] = {}
    for part in re.split(r"[;,|\n]+", text):
        if _NOT_MET.search(part):
            continue
        for match in CODE.finditer(part):
            made = parse_code(match.group())
            found.setdefault(made.text, made)
    return list(found.values())


def _item(row: Row, name: str, codes: str, wanted: str) -> Item:
    from tools.variants.acmg import classify

    expected = class_of(wanted)
    if expected is None:
        return Item(id=name, verdict="not_scored", expected=wanted, reason=f"{row.place}: no class is named so")
    read = codes_of(codes)
    if not read:
        return Item(id=name, verdict="not_scored", expected=expected, reason=f"{row.place}: no code is met")
    found = classify(read)
    values = {
        "table": float(found.by_table == expected),
        "points": float(found.by_points == expected),
        "side_table": float(_SIDE[found.by_table] == _SIDE[expected]),
        "side_points": float(_SIDE[found.by_points] == _SIDE[expected]),
    }
    given = found.by_points if found.agree else f"{found.by_points} (points), {found.by_table} (table)"
    verdict = "right" if found.by_points == expected else "wrong"
    return Item(id=name, verdict=verdict, given=given, expected=expected, group=expected, values=values,
                reason=" ".join(code.text for code in read))  # fmt: skip


def _more(items: list[Item]) -> list[Figure]:
    kept = [item for item in scorable(items) if item.values]
    names = {
        "class, 2015 table": ("table", "the same of five classes"),
        "class, 2020 points": ("points", "the same of five classes"),
        "side, 2015 table": ("side_table", "pathogenic or likely, uncertain, benign or likely"),
        "side, 2020 points": ("side_points", "pathogenic or likely, uncertain, benign or likely"),
    }
    return [
        Figure(name=name, estimate=wilson(round(sum(i.values[key] for i in kept)), len(kept)), about=about)
        for name, (key, about) in names.items()
    ]


def _confusions(items: list[Item]) -> list[str]:
    from collections import Counter

    wrong = Counter((item.expected, item.given) for item in items if item.verdict == "wrong")
    return [f"{number} x expected {want}, given {gave}" for (want, gave), number in wrong.most_common(10)]

"""AttributionBench: is a claim attributable to its references? Our verifier is the judge.

Rows have `claim`, `references` (or `documents`) and `attribution_label`. What the verifier cannot check counts as not
attributable, because it was not shown to be supported. The main figure of the benchmark is macro-F1.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from evals.outside.entailment import judge
from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, scorable, scored_one
from evals.outside.rows import Row, need_column, plain, read_rows
from evals.scoring.intervals import drawn, wilson

LABEL = ("attribution_label", "label")
REFERENCES = ("references", "reference", "documents", "webpage_references", "evidence", "context", "passages")
YES, NO = "attributable", "not attributable"
_LABELS = {
    "attributable": YES, "supported": YES, "entailed": YES, "entailment": YES, "yes": YES, "true": YES, "1": YES,
    "fullysupported": YES, "complete": YES,
    "notattributable": NO, "unattributable": NO, "notsupported": NO, "unsupported": NO, "contradictory": NO,
    "extrapolatory": NO, "partial": NO, "partiallysupported": NO, "partialsupport": NO, "nosupport": NO, "no": NO,
    "neutral": NO, "contradiction": NO, "incomplete": NO, "false": NO, "0": NO,
}  # fmt: skip


def run(path: Path, settings: Settings) -> Result:
    """Judge every row."""
    started = time.perf_counter()
    items = []
    rows = read_rows(path)[: settings.limit]
    need_column(rows, *LABEL)
    need_column(rows, *REFERENCES)
    for number, row in enumerate(rows, start=1):
        claim, label = row.need("claim", "sentence", "answer", "claim_raw_string"), row.text(*LABEL)
        name = row.text("id", "_id", "index") or str(number)
        group = row.text("src_dataset", "source", "dataset", "subset")
        items.append(scored_one(name, group, lambda r=row, n=name, g=group, c=claim, w=label: _item(r, n, g, c, w)))  # type: ignore[misc]
    notes = ["What cannot be checked counts as not attributable."]
    return finished("attributionbench", path.name, items, _figures(items), started, notes)


def references_of(row: Row) -> list[str]:
    """The texts that a row gives as references."""
    return row.listed(*REFERENCES)


def _item(row: Row, name: str, group: str | None, claim: str, label: str | None) -> Item:
    expected = _LABELS.get(plain(label or ""))
    references = references_of(row)
    if expected is None or not references:
        why = f"{row.place}: no label is {label!r}" if expected is None else f"{row.place}: there is no reference"
        return Item(id=name, verdict="not_scored", reason=why, group=group)
    found = judge(claim, references)
    given = YES if found.status == "supported" else NO
    return Item(
        id=name, verdict="right" if given == expected else "wrong", given=given, expected=expected, group=group,
        reason=found.reason or found.window, values={"cannot check": float(found.status == "cannot_check")},
    )  # fmt: skip


def macro_f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Mean of the F1 of both classes, from (expected, given)."""
    scores = []
    for side in (True, False):
        hit = sum(want == gave == side for want, gave in pairs)
        said, real = sum(gave == side for _, gave in pairs), sum(want == side for want, _ in pairs)
        scores.append(2 * hit / (said + real) if said + real else 0.0)
    return sum(scores) / 2


def _figures(items: Sequence[Item]) -> list[Figure]:
    kept = [item for item in scorable(items) if item.verdict != "failed"]
    pairs = [(item.expected == YES, item.given == YES) for item in kept]
    right, good, bad = sum(a == b for a, b in pairs), sum(a for a, _ in pairs), sum(not a for a, _ in pairs)
    open_ones = round(sum(item.values["cannot check"] for item in kept))
    failed = sum(item.verdict == "failed" for item in items)
    return [
        Figure(name="macro-F1", estimate=drawn(pairs, macro_f1), about="mean F1 of both labels", percent=True),
        Figure(name="accuracy", estimate=wilson(right, len(pairs)), about="labels that agree"),
        Figure(name="attributable found", estimate=wilson(sum(a and b for a, b in pairs), good), about="sensitivity"),
        Figure(name="not attributable found", estimate=wilson(sum(not a and not b for a, b in pairs), bad),
               about="specificity"),
        Figure(name="cannot check", estimate=wilson(open_ones, len(kept)), about="of all"),
        Figure(name="failed", estimate=wilson(failed, len(scorable(items))), about="an error instead of an answer"),
    ]  # fmt: skip

"""What follows from facts of a tumour: spread from the stage group, the group from T, N and M, receptors from scores.

The tables are in `staging.yaml`, each with its source. A derived fact carries the evidence of the fact that it follows
from, as other consequences do, and never stands beside a recorded one that it contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from knowledge.factbook import FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from knowledge.yamlfile import load_yaml


class Derived(NamedTuple):
    """A fact that follows, and the recorded fact whose evidence it rests on."""

    name: str
    value: FactValue
    source: SourcedFact


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The tables of `staging.yaml`."""
    data: dict[str, Any] = load_yaml(Path(__file__).parent / "staging.yaml")
    return data


def with_consequences(book: FactBook) -> FactBook:
    """Add to `book` what follows from its facts of the tumour, and return it."""
    for step in (_receptors, _categories, _group, _spread, _bclc, _prostate, _rest):
        for found in list(step(book)):
            if book.get(found.name) is None:
                fact = Fact(name=found.name, value=found.value)
                book.add(found.source._replace(fact=fact, derived_from=found.source.fact.name))
    return book


def _types(book: FactBook) -> frozenset[str]:
    held = book.get("tumour.type")
    return vocabulary()["tumour.type"].code_ancestors(str(held.fact.value)) if held else frozenset()


def _receptors(book: FactBook) -> Iterator[Derived]:
    types = _types(book)
    er, pr = book.get("biomarker.ER.positive"), book.get("biomarker.PR.positive")
    if er and pr and er.fact.value is False and pr.fact.value is False:
        yield Derived("biomarker.hormone_receptor_positive", False, er)
    percent = book.get("biomarker.er_percent")
    if percent is not None:
        yield Derived("biomarker.ER.positive", float(percent.fact.value) >= 1, percent)
    ihc, ratio = book.get("biomarker.HER2.ihc"), book.get("biomarker.HER2.ish_ratio")
    if ratio is not None:
        yield Derived("biomarker.HER2.ish_called_for", True, ratio)
    elif ihc is not None:
        yield Derived("biomarker.HER2.ish_called_for", ihc.fact.value == "2+", ihc)
    if ihc is not None:
        score = str(ihc.fact.value)
        if score != "2+":
            yield Derived("biomarker.HER2.positive", score == "3+", ihc)
        positive = book.value("biomarker.HER2.positive")
        if "breast_cancer" in types and (score != "2+" or positive is not None):
            yield Derived("biomarker.HER2.low", score == "1+" or (score == "2+" and positive is False), ihc)
    tmb = book.get("biomarker.tmb")
    if tmb is not None:
        yield Derived("biomarker.tmb_high", float(tmb.fact.canonical()) >= tables()["tmb_high"]["from"], tmb)


def _categories(book: FactBook) -> Iterator[Derived]:
    types, nodes, size = _types(book), book.get("tumour.positive_nodes"), book.get("tumour.size")
    for row in tables()["n_of_nodes"]:
        if nodes is not None and row["type"] in types:
            count = int(nodes.fact.value)
            code = next(code for low, code in reversed(row["from"]) if count >= low)
            yield Derived("tumour.n_stage", code, nodes)
    for row in tables()["t_of_size_mm"]:
        if size is not None and row["type"] in types and book.value("therapy.neoadjuvant") is not True:
            millimetres = float(size.fact.canonical())
            code = next(code for low, code in reversed(row["over"]) if millimetres > low)
            yield Derived("tumour.t_stage", code, size)


def _group(book: FactBook) -> Iterator[Derived]:
    types, metastatic = _types(book), book.get("tumour.metastatic")
    if metastatic is None or not types:
        return
    if metastatic.fact.value is True:
        row = next((r for r in tables()["stage_of_m1"] if r["type"] in types), None)
        if row is not None:
            yield Derived("tumour.stage", row["stage"], metastatic)
        return
    t, n = book.get("tumour.t_stage"), book.get("tumour.n_stage")
    if t is None or n is None or book.value("tumour.breast_residual_disease") is True:
        return
    for table in tables()["groups"]:
        if table["type"] in types:
            group = _row(table["rows"], str(t.fact.value), str(n.fact.value))
            if group is not None:
                yield Derived("tumour.stage", group, t)


def _row(rows: list[list[Any]], t: str, n: str) -> str | None:
    for ts, ns, group in rows:
        if (t in ts or t[:2] in ts) and n in ns:
            return str(group)
    return None


def _spread(book: FactBook) -> Iterator[Derived]:
    types, stage = _types(book), book.get("tumour.stage")
    limited = book.get("tumour.limited_stage")
    if limited is not None and limited.fact.value is True:
        yield Derived("tumour.metastatic", False, limited)
    if stage is None:
        return
    groups = vocabulary()["tumour.stage"].code_ancestors(str(stage.fact.value))
    if any(r["type"] in types and r["stage"] in groups for r in tables()["m1_of_stage"]):
        yield Derived("tumour.metastatic", True, stage)
    without = tables()["m0_of_stage"]
    if "solid_tumour" in types and not types & set(without["except"]) and groups & set(without["stages"]):
        yield Derived("tumour.metastatic", False, stage)


def _bclc(book: FactBook) -> Iterator[Derived]:
    """BCLC C by vascular invasion or spread, where performance and liver function are known to allow it."""
    rule, ecog = tables()["bclc_c"], book.value("patient.ecog")
    preserved = book.value("risk_score.child_pugh_class") in rule["child_pugh"] or (
        book.value("condition.child_pugh_b_or_c") is False
    )
    if "hcc" not in _types(book) or ecog is None or float(ecog) > rule["ecog_up_to"] or not preserved:
        return
    for name in rule["any_of"]:
        held = book.get(name)
        if held is not None and held.fact.value is True:
            yield Derived("risk_score.bclc", "C", held)


def _prostate(book: FactBook) -> Iterator[Derived]:
    """The risk group of localised prostate cancer, where PSA, grade group and T category are all known."""
    rule, metastatic = tables()["prostate_risk"], book.value("tumour.metastatic")
    held = [book.get(name) for name in ("tumour.isup_grade_group", "lab.psa", "tumour.t_stage")]
    if "prostate_cancer" not in _types(book) or metastatic is True or None in held:
        return
    grade, psa, t = (entry for entry in held if entry is not None)
    number, category = float(psa.fact.canonical()), str(t.fact.value)
    for group in ("high", "intermediate"):
        limits = rule[group]
        if (
            int(grade.fact.value) >= limits["grade_group_from"]
            or number > limits["psa_over"]
            or category.startswith(tuple(limits["t"]))
        ):
            yield Derived("tumour.prostate_risk", group, grade)
            return
    if category.startswith(tuple(rule["low"]["t"])):
        yield Derived("tumour.prostate_risk", "low", grade)


def _rest(book: FactBook) -> Iterator[Derived]:
    lines = book.get("therapy.lines_advanced")
    if lines is not None:
        yield Derived("therapy.advanced_pretreated", float(lines.fact.value) >= 1, lines)
    left, right = book.get("tumour.left_sided"), book.get("tumour.right_sided")
    if left is not None and left.fact.value is True and right is None:
        yield Derived("tumour.right_sided", False, left)
    if right is not None and right.fact.value is True and left is None:
        yield Derived("tumour.left_sided", False, right)
    kind = book.get("tumour.type")
    if kind is not None and kind.fact.value == "rectal_cancer" and left is None:
        yield Derived("tumour.left_sided", True, kind)
        yield Derived("tumour.right_sided", False, kind)
    kras, nras = book.get("biomarker.KRAS.mutation"), book.get("biomarker.NRAS.mutation")
    if kras and nras and kras.fact.value is False and nras.fact.value is False:
        yield Derived("biomarker.RAS.mutation", False, kras)
    idh1, idh2 = book.get("biomarker.IDH1.mutation"), book.get("biomarker.IDH2.mutation")
    if idh1 and idh2 and idh1.fact.value is False and idh2.fact.value is False:
        yield Derived("biomarker.IDH.mutation", False, idh1)

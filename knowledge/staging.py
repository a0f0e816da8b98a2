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
    """A fact that follows, the recorded fact whose evidence it rests on, and the others that it needs."""

    name: str
    value: FactValue
    source: SourcedFact
    also: tuple[SourcedFact, ...] = ()


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The tables of `staging.yaml`."""
    data: dict[str, Any] = load_yaml(Path(__file__).parent / "staging.yaml")
    return data


def with_consequences(book: FactBook) -> FactBook:
    """Add to `book` what follows from its facts of the tumour, and return it."""
    for step in _STEPS:
        for found in list(step(book)):
            if book.get(found.name) is None:
                fact = Fact(name=found.name, value=found.value)
                book.add(found.source._replace(fact=fact, derived_from=found.source.fact.name))
    return book


def worked_out(book: FactBook) -> list[Derived]:
    """T, N, the stage group and the prostate risk group as they follow from what is recorded, each once."""
    plain = FactBook(entry for name in book.names() for entry in book.all(name) if entry.derived_from is None)
    found: dict[str, Derived] = {}
    for step in (_categories, _group, _prostate):
        for made in step(with_consequences(plain)):
            found.setdefault(made.name, made)
    return list(found.values())


def _types(book: FactBook) -> frozenset[str]:
    held = book.get("tumour.type")
    if held is None and book.value("finding.renal_mass") is True:
        return vocabulary()["tumour.type"].code_ancestors(tables()["renal_mass"])
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
        amplified = _is_amplified(book, types, ratio)
        if score == "2+" and ratio is not None and amplified is not None:
            yield Derived("biomarker.HER2.positive", amplified, ratio, (ihc,))
        positive = book.value("biomarker.HER2.positive")
        if "breast_cancer" in types and (score != "2+" or positive is not None):
            yield Derived("biomarker.HER2.low", score == "1+" or (score == "2+" and positive is False), ihc)
    tmb = book.get("biomarker.tmb")
    if tmb is not None:
        yield Derived("biomarker.tmb_high", float(tmb.fact.canonical()) >= tables()["tmb_high"]["from"], tmb)


def _is_amplified(book: FactBook, types: frozenset[str], ratio: SourcedFact | None) -> bool | None:
    """Whether a HER2/CEP17 ratio is amplified: in the stomach from 2; in the breast only with its copy number."""
    rule = tables()["her2_ratio"]
    if ratio is None:
        return None
    if types & set(rule["alone"]):
        return bool(float(ratio.fact.value) >= rule["from"])
    copies = book.value("biomarker.HER2.copy_number")
    if "breast_cancer" in types and copies is not None:
        both = float(ratio.fact.value) >= rule["from"] and float(copies) >= rule["copies_from"]
        neither = float(ratio.fact.value) < rule["from"] and float(copies) < rule["copies_from"]
        return bool(both) if both or neither else None
    return None


def _categories(book: FactBook) -> Iterator[Derived]:
    types, nodes = _types(book), book.get("tumour.positive_nodes")
    size = book.get("tumour.size") or _solid_nodule(book, types)
    for row in tables()["n_of_nodes"]:
        if nodes is not None and row["type"] in types:
            count = int(nodes.fact.value)
            yield Derived("tumour.n_stage", _step(row["from"], count + 0.5), nodes)
    extended = any(book.value(name) is True for name in tables()["extended"])
    for row in tables()["t_of_size_mm"]:
        applies = row["type"] in types and not types & set(row.get("except", ()))
        if size is not None and applies and not extended and book.value("therapy.neoadjuvant") is not True:
            yield Derived("tumour.t_stage", _step(row["over"], float(size.fact.canonical())), size)
    yield from _melanoma(book, types)


def _solid_nodule(book: FactBook, types: frozenset[str]) -> SourcedFact | None:
    """The diameter of the one solid nodule that is the lung cancer. Of a subsolid one the solid part would count."""
    alone = book.value("nodule.count") in (None, 1) and book.value("nodule.density") == "solid"
    return book.get("nodule.longest_diameter") if alone and "lung_cancer" in types else None


def _step(rows: list[list[Any]], number: float) -> str:
    """The code of the last row that `number` is over."""
    return str(next(code for low, code in reversed(rows) if number > low))


def _melanoma(book: FactBook, types: frozenset[str]) -> Iterator[Derived]:
    rule, thickness, ulcer = tables()["melanoma_t"], book.get("tumour.breslow"), book.get("tumour.ulcerated")
    if thickness is None or "melanoma" not in types or types & {"uveal_melanoma", "mucosal_melanoma"}:
        return
    millimetres = float(thickness.fact.canonical())
    main = _step(rule["over_mm"], millimetres)
    if ulcer is None:
        thick = main == "T1" and millimetres >= rule["t1b_from_mm"]
        yield Derived("tumour.t_stage", "T1b" if thick else main, thickness)
        return
    b = ulcer.fact.value is True or (main == "T1" and millimetres >= rule["t1b_from_mm"])
    yield Derived("tumour.t_stage", main + ("b" if b else "a"), thickness, (ulcer,))


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
                yield Derived("tumour.stage", group, t, (n, metastatic))


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
    corrected = book.get("lab.psa_corrected")
    psa = corrected or psa
    number, category, gleason = float(psa.fact.canonical()), str(t.fact.value), int(grade.fact.value)
    for group in ("high", "intermediate"):
        limits = rule[group]
        factors = (
            gleason >= limits["grade_group_from"],
            number > limits["psa_over"],
            category.startswith(tuple(limits["t"])),
        )
        if any(factors):
            named = group if group == "high" else _intermediate(book, gleason, sum(factors))
            yield Derived("tumour.prostate_risk", named, grade, (psa, t))
            return
    if category.startswith(tuple(rule["low"]["t"])):
        yield Derived("tumour.prostate_risk", "low", grade, (psa, t))


def _intermediate(book: FactBook, gleason: int, factors: int) -> str:
    """Favourable or unfavourable; plain where the share of positive cores, which may decide, is not known."""
    limits, cores = tables()["prostate_risk"]["unfavourable"], book.value("tumour.positive_cores_percent")
    if gleason >= limits["grade_group"] or factors >= limits["factors"]:
        return "intermediate_unfavourable"
    if cores is None:
        return "intermediate"
    half = float(cores) >= limits["cores_percent"]
    return "intermediate_unfavourable" if half else "intermediate_favourable"


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
    place = book.get("tumour.primary_in_place")
    if place is not None and place.fact.value is True and _types(book) & set(tables()["luminal"]):
        yield Derived("condition.luminal_gastrointestinal_cancer", True, place)
    kras, nras = book.get("biomarker.KRAS.mutation"), book.get("biomarker.NRAS.mutation")
    if kras and nras and kras.fact.value is False and nras.fact.value is False:
        yield Derived("biomarker.RAS.mutation", False, kras)
    idh1, idh2 = book.get("biomarker.IDH1.mutation"), book.get("biomarker.IDH2.mutation")
    if idh1 and idh2 and idh1.fact.value is False and idh2.fact.value is False:
        yield Derived("biomarker.IDH.mutation", False, idh1)


_STEPS = (_receptors, _categories, _group, _spread, _bclc, _prostate, _rest)

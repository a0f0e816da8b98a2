"""What follows from a tumour's stage, categories and scores, and what does not."""

from __future__ import annotations

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from knowledge.staging import tables, with_consequences


def book(**given: FactValue) -> FactBook:
    facts = []
    for key, value in given.items():
        name = key.replace("__", ".")
        unit = vocabulary()[name].unit
        facts.append(SourcedFact(Fact(name=name, value=value, unit=unit), f"e-{name}", Authority.NOTE))
    return with_consequences(FactBook(facts))


@pytest.mark.parametrize(
    ("kind", "stage", "metastatic"),
    [
        ("lung_adenocarcinoma", "IVB", True), ("colon_cancer", "III", False), ("breast_cancer", "IIA", False),
        ("papillary_thyroid_cancer", "II", None), ("testicular_germ_cell", "III", None),
        ("gastric_cancer", "IVA", None), ("prostate_cancer", "IVA", None), ("prostate_cancer", "IVB", True),
        ("head_neck_squamous", "IVA", None), ("gist", "IV", None),
    ],
)  # fmt: skip
def test_a_stage_group_says_spread_only_where_it_means_spread(kind: str, stage: str, metastatic: bool | None) -> None:
    assert book(tumour__type=kind, tumour__stage=stage).value("tumour.metastatic") is metastatic


@pytest.mark.parametrize(
    ("kind", "t", "n", "stage"),
    [
        ("breast_cancer", "T2", "N1", "IIB"), ("breast_cancer", "T1c", "N0", "IA"),
        ("breast_cancer", "T4b", "N1", "IIIB"),
        ("colon_cancer", "T3", "N0", "IIA"), ("colon_cancer", "T4b", "N0", "IIC"), ("rectal_cancer", "T3", "N2", "III"),
        ("lung_adenocarcinoma", "T2a", "N2", "IIIA"), ("lung_squamous", "T2b", "N0", "IIA"),
        ("lung_squamous", "T4", "N3", "IIIC"), ("cutaneous_melanoma", "T3b", "N0", "IIB"),
        ("gastric_cancer", "T3", "N1", None),
    ],
)  # fmt: skip
def test_groups_follow_the_eighth_edition(kind: str, t: str, n: str, stage: str | None) -> None:
    held = book(tumour__type=kind, tumour__t_stage=t, tumour__n_stage=n, tumour__metastatic=False)
    assert held.value("tumour.stage") == stage


def test_no_group_without_a_word_on_distant_spread() -> None:
    assert book(tumour__type="colon_cancer", tumour__t_stage="T3", tumour__n_stage="N0").value("tumour.stage") is None


def test_a_derived_fact_names_its_source_and_yields_to_a_recorded_one() -> None:
    held = book(tumour__type="colon_cancer", tumour__stage="IV").get("tumour.metastatic")
    assert held is not None
    assert (held.derived_from, held.evidence_id) == ("tumour.stage", "e-tumour.stage")
    assert (
        book(tumour__type="colon_cancer", tumour__stage="IV", tumour__metastatic=False).value("tumour.metastatic")
        is False
    )


def test_receptor_scores_give_the_status_that_criteria_ask_for() -> None:
    one_plus = book(tumour__type="breast_cancer", biomarker__HER2__ihc="1+")
    assert (one_plus.value("biomarker.HER2.positive"), one_plus.value("biomarker.HER2.low")) == (False, True)
    two_plus = book(tumour__type="breast_cancer", biomarker__HER2__ihc="2+")
    assert (two_plus.value("biomarker.HER2.positive"), two_plus.value("biomarker.HER2.low")) == (None, None)
    assert book(biomarker__HER2__ihc="3+").value("biomarker.HER2.positive") is True
    assert (
        book(biomarker__ER__positive=False, biomarker__PR__positive=False).value("biomarker.hormone_receptor_positive")
        is False
    )


def test_every_type_of_the_tables_is_declared() -> None:
    rows = [*tables()["m1_of_stage"], *tables()["stage_of_m1"], *tables()["groups"], *tables()["n_of_nodes"]]
    assert {row["type"] for row in rows} <= set(vocabulary()["tumour.type"].values)


def test_portal_invasion_is_bclc_c_only_with_performance_and_liver_function_known() -> None:
    known: dict[str, FactValue] = {"tumour__type": "hcc", "tumour__vascular_invasion": True, "patient__ecog": 1}
    assert book(**known).value("risk_score.bclc") is None
    assert book(**known, condition__child_pugh_b_or_c=False).value("risk_score.bclc") == "C"
    assert book(**{**known, "patient__ecog": 3}, condition__child_pugh_b_or_c=False).value("risk_score.bclc") is None


@pytest.mark.parametrize(
    ("grade_group", "psa", "t", "risk"),
    [
        (1, 6.2, "T1c", "low"), (1, 10, "T2a", "low"), (1, 10.1, "T1c", "intermediate"), (2, 5, "T1c", "intermediate"),
        (1, 5, "T2b", "intermediate"), (3, 20.5, "T1c", "high"), (4, 5, "T1c", "high"), (1, 5, "T2c", "high"),
        (1, 5, "T3a", "high"), (1, 5, "T2", None),
    ],
)  # fmt: skip
def test_the_risk_of_localised_prostate_cancer_follows_damico(
    grade_group: int, psa: float, t: str, risk: str | None
) -> None:
    facts = [
        Fact(name="tumour.type", value="prostate_cancer"),
        Fact(name="tumour.isup_grade_group", value=grade_group),
        Fact(name="lab.psa", value=psa, unit="ng/mL"),
        Fact(name="tumour.t_stage", value=t),
    ]
    book = with_consequences(FactBook(SourcedFact(fact, "E1", Authority.NOTE) for fact in facts))
    assert book.value("tumour.prostate_risk") == risk

"""What follows from a tumour's stage, categories and scores, and what does not."""

from __future__ import annotations

import pytest

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from knowledge.staging import tables, with_consequences, worked_out


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
        ("cutaneous_melanoma", "T2b", "N1", "IIIB"), ("cutaneous_melanoma", "T2a", "N1", "III"),
        ("cutaneous_melanoma", "T1b", "N3", "IIIC"), ("cutaneous_melanoma", "T4a", "N1", "IIIC"),
        ("cutaneous_melanoma", "T4b", "N3", "IIID"),
        ("clear_cell_rcc", "T1a", "N0", "I"), ("clear_cell_rcc", "T2a", "N0", "II"),
        ("clear_cell_rcc", "T1b", "N1", "III"), ("pancreatic_cancer", "T2", "N1", "IIB"),
        ("pancreatic_cancer", "T4", "N0", "III"), ("bladder_cancer", "T3b", "N0", "IIIA"),
        ("bladder_cancer", "T4b", "N0", "IVA"), ("medullary_thyroid_cancer", "T2", "N0", "II"),
        ("gastric_cancer", "T3", "N1", None),
    ],
)  # fmt: skip
def test_groups_follow_the_eighth_edition(kind: str, t: str, n: str, stage: str | None) -> None:
    held = book(tumour__type=kind, tumour__t_stage=t, tumour__n_stage=n, tumour__metastatic=False)
    assert held.value("tumour.stage") == stage


@pytest.mark.parametrize(
    ("kind", "millimetres", "t"),
    [
        ("lung_adenocarcinoma", 10, "T1a"), ("lung_adenocarcinoma", 13, "T1b"), ("lung_adenocarcinoma", 30, "T1c"),
        ("lung_squamous", 46, "T2b"), ("lung_squamous", 71, "T4"), ("sclc", 46, None), ("breast_cancer", 16, "T1c"),
        ("clear_cell_rcc", 34, "T1a"), ("clear_cell_rcc", 75, "T2a"), ("clear_cell_rcc", 101, "T2b"),
        ("papillary_thyroid_cancer", 26, "T2"), ("anaplastic_thyroid_cancer", 26, None),
        ("pancreatic_cancer", 41, "T3"), ("gist", 110, "T4"), ("colon_cancer", 52, None),
    ],
)  # fmt: skip
def test_size_gives_the_t_category_where_it_alone_may(kind: str, millimetres: float, t: str | None) -> None:
    assert book(tumour__type=kind, tumour__size=millimetres).value("tumour.t_stage") == t


def test_size_gives_no_t_category_of_a_tumour_that_grows_beyond_its_organ() -> None:
    held = book(tumour__type="papillary_thyroid_cancer", tumour__size=26, tumour__extrathyroidal_extension=True)
    assert held.value("tumour.t_stage") is None


@pytest.mark.parametrize(
    ("thickness", "ulcerated", "t"),
    [
        (0.7, False, "T1a"), (0.7, True, "T1b"), (0.8, False, "T1b"), (1.0, None, "T1b"), (0.5, None, "T1"),
        (1.3, True, "T2b"), (2.0, False, "T2a"), (4.0, True, "T3b"), (4.1, False, "T4a"), (3.0, None, "T3"),
    ],
)  # fmt: skip
def test_thickness_and_ulceration_give_the_t_category_of_a_melanoma(
    thickness: float, ulcerated: bool | None, t: str
) -> None:
    given: dict[str, FactValue] = {"tumour__type": "cutaneous_melanoma", "tumour__breslow": thickness}
    if ulcerated is not None:
        given["tumour__ulcerated"] = ulcerated
    assert book(**given).value("tumour.t_stage") == t


@pytest.mark.parametrize(
    ("grade", "psa", "t", "cores", "group"),
    [
        (1, 6, "T2a", None, "low"), (3, 7, "T2a", None, "intermediate_unfavourable"),
        (2, 12, "T2a", None, "intermediate_unfavourable"), (2, 7, "T2a", 25, "intermediate_favourable"),
        (2, 7, "T2a", 58, "intermediate_unfavourable"), (2, 7, "T2a", None, "intermediate"), (4, 7, "T2a", 10, "high"),
    ],
)  # fmt: skip
def test_intermediate_risk_of_prostate_cancer_is_favourable_or_not(
    grade: int, psa: float, t: str, cores: float | None, group: str
) -> None:
    given: dict[str, FactValue] = {
        "tumour__type": "prostate_cancer", "tumour__isup_grade_group": grade, "lab__psa": psa, "tumour__t_stage": t,
    }  # fmt: skip
    if cores is not None:
        given["tumour__positive_cores_percent"] = cores
    assert book(**given).value("tumour.prostate_risk") == group


def test_a_doubled_psa_counts_in_place_of_the_measured_one() -> None:
    held = book(
        tumour__type="prostate_cancer", tumour__isup_grade_group=1, lab__psa=7, lab__psa_corrected=14,
        tumour__t_stage="T2a",
    )  # fmt: skip
    assert held.value("tumour.prostate_risk") == "intermediate"


def test_what_is_recorded_and_what_follows_are_both_told() -> None:
    held = book(
        tumour__type="lung_adenocarcinoma", tumour__stage="IB", tumour__t_stage="T2b", tumour__n_stage="N2",
        tumour__metastatic=False,
    )  # fmt: skip
    assert {made.name: made.value for made in worked_out(held)} == {"tumour.stage": "IIIA"}
    assert held.value("tumour.stage") == "IB"


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


def test_a_ratio_decides_on_her2_of_the_stomach_and_only_with_copies_in_the_breast() -> None:
    two_plus: dict[str, FactValue] = {"biomarker__HER2__ihc": "2+", "biomarker__HER2__ish_ratio": 3.1}
    assert book(tumour__type="gastric_cancer", **two_plus).value("biomarker.HER2.positive") is True
    assert book(tumour__type="breast_cancer", **two_plus).value("biomarker.HER2.positive") is None
    with_copies = book(tumour__type="breast_cancer", biomarker__HER2__copy_number=6.2, **two_plus)
    assert with_copies.value("biomarker.HER2.positive") is True


def test_a_gut_tumour_in_place_is_one_that_bleeds_under_anticoagulants() -> None:
    held = book(tumour__type="gastric_cancer", tumour__primary_in_place=True)
    assert held.value("condition.luminal_gastrointestinal_cancer") is True
    other = book(tumour__type="prostate_cancer", tumour__primary_in_place=True)
    assert other.value("condition.luminal_gastrointestinal_cancer") is None


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

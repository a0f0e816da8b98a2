"""What the physician states in a later message takes the place of what was stated before."""

from __future__ import annotations

from knowledge.factbook import Authority
from knowledge.facts import Fact
from tools.evidence import Evidence, NoteSpan, Provenance, fact_book


def said(message: str, *facts: Fact) -> Evidence:
    return Evidence(
        kind="note_span",
        claim=f"The physician states: {message}.",
        facts=facts,
        locator=NoteSpan(handle=f"chat-{message}", start=0, end=len(message), quote=message),
        provenance=Provenance(tool="record_statement", tool_version="5"),
        authority=Authority.PHYSICIAN,
    )


def test_the_last_statement_counts() -> None:
    first, second = (said(f"eGFR {n}", Fact(name="lab.egfr", value=n, unit="mL/min/{1.73_m2}")) for n in (27, 47))
    assert fact_book([first, second]).value("lab.egfr") == 47
    assert fact_book([second, first]).value("lab.egfr") == 27


def test_a_later_measurement_told_first_still_counts() -> None:
    unit = "mL/min/{1.73_m2}"
    may = said("eGFR 27 in May", Fact(name="lab.egfr", value=27, unit=unit, at="2026-05-03"))
    april = said("eGFR 47 in April", Fact(name="lab.egfr", value=47, unit=unit, at="2026-04-03"))
    assert fact_book([may, april]).value("lab.egfr") == 27


def test_a_broader_type_told_later_keeps_the_narrower_one() -> None:
    narrow = said("adenocarcinoma", Fact(name="tumour.type", value="lung_adenocarcinoma"))
    broad = said("NSCLC", Fact(name="tumour.type", value="nsclc"))
    assert fact_book([narrow, broad]).value("tumour.type") == "lung_adenocarcinoma"


def test_t_and_n_of_one_tumour_do_not_hold_for_another() -> None:
    first = said("melanoma pT3b", Fact(name="tumour.type", value="melanoma"), Fact(name="tumour.t_stage", value="T3b"))
    second = said("lung", Fact(name="tumour.type", value="lung_adenocarcinoma"))
    book = fact_book([first, second])
    assert book.value("tumour.type") == "lung_adenocarcinoma"
    assert book.value("tumour.t_stage") is None
    assert fact_book([first]).value("tumour.t_stage") == "T3b"


def test_the_size_of_one_solid_nodule_gives_the_t_category_of_a_lung_cancer() -> None:
    nodule = [Fact(name="nodule.longest_diameter", value=13, unit="mm"), Fact(name="nodule.density", value="solid")]
    kind = said("lung", Fact(name="tumour.type", value="lung_adenocarcinoma"), *nodule)
    assert fact_book([kind]).value("tumour.t_stage") == "T1b"

"""Drivers of a tumour that hardly occur together: while one is known, the others are not asked for."""

from __future__ import annotations

import pytest

from knowledge.exclusive import groups, unlikely_beside
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from knowledge.matching import Matches, match, rank_questions


def _book(**values: FactValue) -> FactBook:
    named = {name.replace("__", "."): value for name, value in values.items()}
    return FactBook(
        SourcedFact(Fact(name=name, value=value), "E1", Authority.STRUCTURED) for name, value in named.items()
    )


def _advanced(tumour: str, **markers: FactValue) -> FactBook:
    return _book(tumour__type=tumour, tumour__stage="IV", patient__ecog=1, therapy__lines_advanced=0, **markers)


def _asked(found: Matches) -> set[str]:
    return {question.fact for question in rank_questions([m for m in found.cannot_tell if not m.beside])}


def test_every_marker_and_tumour_is_in_the_vocabulary() -> None:
    for group in groups():
        assert set(group.markers) <= set(vocabulary())
        assert group.tumour in vocabulary()["tumour.type"].values


def test_beside_egfr_l858r_no_other_driver_is_asked_for() -> None:
    found = match(_advanced("lung_adenocarcinoma", biomarker__EGFR__L858R=True))
    assert not _asked(found) & {"biomarker.ROS1.fusion", "biomarker.RET.fusion", "biomarker.EGFR.atypical"}
    assert {m.beside for m in found.cannot_tell if "biomarker.ROS1.fusion" in m.outcome.missing} == {
        "biomarker.EGFR.sensitising"
    }


def test_where_no_driver_is_known_they_are_asked_for() -> None:
    found = match(_advanced("lung_adenocarcinoma"))
    assert {"biomarker.ROS1.fusion", "biomarker.RET.fusion"} & _asked(found)
    assert not any(m.beside for m in found.cannot_tell)


def test_after_a_line_of_treatment_resistance_is_thought_of() -> None:
    book = _book(tumour__type="lung_adenocarcinoma", therapy__lines_advanced=1, biomarker__EGFR__L858R=True)
    assert unlikely_beside(book) == {}


@pytest.mark.parametrize(
    ("tumour", "known", "marker", "unlikely"),
    [
        ("nsclc", "biomarker__KRAS__mutation", "biomarker.KRAS.G12C", False),  # the mutation may be this one
        ("nsclc", "biomarker__KRAS__mutation", "biomarker.ALK.fusion", True),
        ("nsclc", "biomarker__EGFR__L858R", "biomarker.EGFR.exon20_insertion", True),
        ("colon_cancer", "biomarker__KRAS__G12V", "biomarker.BRAF.V600E", True),
        ("colon_cancer", "biomarker__KRAS__G12V", "biomarker.NRAS.mutation", True),
        ("melanoma", "biomarker__BRAF__V600E", "biomarker.NRAS.mutation", True),
        ("melanoma", "biomarker__KRAS__G12C", "biomarker.BRAF.V600", False),  # said of other tumours
    ],
)
def test_what_is_unlikely_beside_what(tumour: str, known: str, marker: str, unlikely: bool) -> None:
    assert (marker in unlikely_beside(_advanced(tumour, **{known: True}))) is unlikely

"""What a measured lesion means beyond its size: a mass of the lung leads on, an uncertain outline is said to be so."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from agent.builtin.reading import Seen
from agent.builtin.wording import Wording, restated
from knowledge.criteria import Truth, evaluate
from knowledge.differentials import presentations
from knowledge.factbook import FactBook
from knowledge.facts import Fact
from knowledge.recommendations import recommendations
from tools.evidence import Evidence, ImageRegion, Provenance, fact_book
from tools.imaging.measure import measure
from tools.imaging.sentences import claim, lesion_facts, nodule_facts
from tools.imaging.study import LesionReport
from tools.imaging.volume import volume_from_array

DAY = dt.date(2026, 10, 1)


def report(diameter_mm: float, chance: float) -> LesionReport:
    """A ball of this diameter in the right lung."""
    axis = np.arange(48) - 23.5
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    mask = x**2 + y**2 + z**2 <= (diameter_mm / 2) ** 2
    volume = volume_from_array(np.where(mask, 40, -800).astype(np.float32), (1.0, 1.0, 1.0), "CT")
    return LesionReport(
        label=None,
        measurements=measure(volume, (0, 0, 0), mask),
        confidence=chance,
        low_confidence=chance < 0.5,
        organ="lung",
        side="right",
        third="upper",
        box_voxels=(0, 0, 0, 48, 48, 48),
        slice_index=24,
        network_passes=1,
        seconds=1.0,
    )


def book(facts: list[Fact]) -> FactBook:
    where = ImageRegion(handle="imaging-1", slice_index=24, box_voxels=(0, 0, 0, 48, 48, 48))
    made_by = Provenance(tool="segment_lesion", tool_version="1")
    seen = Evidence(kind="image_finding", claim="A lesion.", facts=tuple(facts), locator=where, provenance=made_by)
    return fact_book([seen])


@pytest.mark.parametrize(("diameter_mm", "wants_tissue"), [(40, True), (20, False)])
def test_a_mass_of_the_lung_on_a_scan_calls_for_tissue_as_one_in_a_note_does(diameter_mm, wants_tissue):
    facts = book(nodule_facts(report(diameter_mm, 0.9), DAY))
    tissue = next(r for r in recommendations() if r.id == "accp-lung-diagnosis-2013.tissue")
    assert (evaluate(tissue.criterion, facts, DAY).truth is Truth.APPLIES) is wants_tissue


@pytest.mark.parametrize("diameter_mm", [40, 20])
def test_lung_cancer_is_not_to_be_missed_with_a_nodule_or_a_mass(diameter_mm):
    facts = book(nodule_facts(report(diameter_mm, 0.9), DAY))
    nodule = next(p for p in presentations() if p.id == "pulmonary_nodule")
    assert evaluate(nodule.criterion, facts, DAY).truth is Truth.APPLIES
    cancer = next(c for c in nodule.candidates if c.id == "primary_lung_cancer")
    assert cancer.must_not_miss
    assert any(evaluate(point.criterion, facts, DAY).truth is Truth.APPLIES for point in cancer.speaks_for)


@pytest.mark.parametrize(("chance", "uncertain"), [(0.31, True), (0.92, False)])
def test_an_uncertain_outline_is_said_to_be_so_in_both_languages(chance, uncertain):
    made = report(20, chance)
    facts = lesion_facts(made, "CT", DAY)
    shown = {fact.name: fact.value if fact.unit is None else f"{fact.value} {fact.unit}" for fact in facts}
    seen = Seen("E1", "image_finding", claim(made, "CT"), shown)
    english, chinese = (restated("findings", seen, Wording(language)).text for language in ("en", "zh"))
    assert ("confidence in this outline is low (31 %)" in english) is uncertain
    assert ("轮廓不确定，须人工核对" in chinese) is uncertain
    assert "20" in chinese

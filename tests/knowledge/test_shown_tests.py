"""A test counts as done once its result is known, whatever it is."""

from __future__ import annotations

import pytest

from knowledge.recommendations import example_facts


@pytest.mark.parametrize(
    ("facts", "test"),
    [
        ({"biomarker.ALK.fusion": False}, "test.alk_fusion"),
        ({"biomarker.ALK.fusion": True}, "test.alk_fusion"),
        ({"biomarker.pd_l1_tps": "0 %"}, "test.pd_l1"),
        ({"biomarker.EGFR.L858R": True}, "test.egfr_mutation"),
        ({"biomarker.HER2.ihc": "0"}, "test.her2"),
        ({"germline.BRCA1": True}, "test.germline_brca"),
        ({"test.tumour_ngs": True}, "test.egfr_mutation"),
        ({"lab.lvef": "58 %"}, "test.echocardiography"),
    ],
)
def test_a_known_result_shows_that_the_test_was_done(facts: dict[str, object], test: str) -> None:
    assert example_facts(facts).value(test) is True


@pytest.mark.parametrize(
    ("facts", "test"),
    [
        ({"biomarker.KRAS.mutation": False}, "test.ras_mutation"),
        ({"biomarker.EGFR.T790M": False}, "test.egfr_mutation"),
        ({"tumour.type": "lung_adenocarcinoma"}, "test.egfr_mutation"),
    ],
)
def test_absence_of_a_narrow_result_does_not_show_the_broad_test(facts: dict[str, object], test: str) -> None:
    assert example_facts(facts).value(test) is None

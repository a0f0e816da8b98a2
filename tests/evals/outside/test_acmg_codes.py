"""Evidence codes to classes, in the spellings of real tables; classes by hand from the two published rules."""

from __future__ import annotations

import pytest

from evals.outside.acmg_codes import class_of, codes_of
from evals.outside.registry import Settings, benchmark

TABLE = """Variation,Applied Evidence Codes (Met),Assertion
a,"PVS1, PM2_Supporting, PP4",Pathogenic
b,"PVS1,PM2_Supporting",Likely Pathogenic
c,BA1,Benign
d,"BS1, BP4",Likely pathogenic
e,PM2,no assertion
"""


def test_both_rules_are_measured_and_an_unknown_class_is_not_scored(tmp_path):
    file = tmp_path / "codes.csv"
    file.write_text(TABLE)
    result = benchmark("clingen").run(file, Settings())
    assert [item.verdict for item in result.items] == ["right", "right", "right", "wrong", "not_scored"]
    figures = {figure.name: figure.estimate.value for figure in result.figures}
    # PVS1 with PM2_Supporting is 9 points, likely pathogenic; no rule of the table of 2015 holds it.
    assert figures["class, 2020 points"] == pytest.approx(3 / 4)
    assert figures["class, 2015 table"] == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("PS3_Supporting; PM2 (Moderate) | PP3", ["PS3_Supporting", "PM2", "PP3"]),
        ("pvs1-strong PM2_P", ["PVS1_Strong", "PM2_Supporting"]),
        ("PM2 not met, PP1", ["PP1"]),
        ("PP4_Moderate, PP4_Moderate", ["PP4_Moderate"]),
        ("PM2: Very Strong", ["PM2_VeryStrong"]),
        ("none", []),
    ],
)
def test_codes_are_read_under_any_separator_and_spelling(cell, codes):
    assert [code.text for code in codes_of(cell)] == codes


def test_a_code_at_two_strengths_is_an_error_of_that_row_only(tmp_path):
    file = tmp_path / "codes.tsv"
    file.write_text("codes\tclass\nPP1 PP1_Strong\tLP\nBA1\tB\n")
    assert [item.verdict for item in benchmark("clingen").run(file, Settings()).items] == ["failed", "right"]


@pytest.mark.parametrize(("word", "meant"), [("VUS", "uncertain_significance"), ("LP", "likely_pathogenic"),
                                             ("Benign (stand-alone)", "benign"), ("drug response", None)])  # fmt: skip
def test_classes_are_read_by_name_and_abbreviation(word, meant):
    assert class_of(word) == meant

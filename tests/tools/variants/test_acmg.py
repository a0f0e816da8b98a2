"""ACMG/AMP codes and classes against the published table and points."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variant_helpers import context, golden, row, write

from agent.cli import _run
from knowledge.errors import ToolRetry
from tools.registry import call_tool
from tools.variants.acmg import CODES, ORDER, Code, by_points, by_table, classify, parse_code, parse_codes


@pytest.mark.parametrize("line", golden("variants_acmg.tsv"), ids=lambda line: line[0].replace(" ", "-"))
def test_codes_give_the_published_class(line):
    found = classify([parse_code(text) for text in line[0].split()])
    assert (found.by_table, found.points, found.by_points) == (line[1], int(line[2]), line[3])


def table_by_enumeration(very, strong, moderate, supporting):
    """Table 5 written once more, as minimal sets of (very strong, strong, moderate, supporting) for each class."""
    pathogenic = [
        (1, 1, 0, 0),
        (1, 0, 2, 0),
        (1, 0, 1, 1),
        (1, 0, 0, 2),
        (0, 2, 0, 0),
        (0, 1, 3, 0),
        (0, 1, 2, 2),
        (0, 1, 1, 4),
    ]
    likely = [(1, 0, 1, 0), (0, 1, 1, 0), (0, 1, 0, 2), (0, 0, 3, 0), (0, 0, 2, 2), (0, 0, 1, 4)]
    have = (very, strong, moderate, supporting)
    for name, minimal in (("pathogenic", pathogenic), ("likely_pathogenic", likely)):
        if any(all(h >= m for h, m in zip(have, need, strict=True)) for need in minimal):
            return name
    return "uncertain_significance"


@pytest.mark.parametrize("very", [0, 1])
@pytest.mark.parametrize("strong", range(4))
@pytest.mark.parametrize("moderate", range(7))
@pytest.mark.parametrize("supporting", range(6))
def test_every_count_of_pathogenic_codes_matches_the_minimal_sets(very, strong, moderate, supporting):
    codes = [Code(name="PVS1", strength="very_strong")] * very
    codes += [Code(name=f"PS{i + 1}", strength="strong") for i in range(strong)]
    codes += [Code(name=f"PM{i + 1}", strength="moderate") for i in range(min(moderate, 6))]
    codes += [Code(name=f"PP{i + 1}", strength="supporting") for i in range(min(supporting, 5))]
    assert by_table(codes)[0] == table_by_enumeration(very, strong, min(moderate, 6), min(supporting, 5))


def test_ba1_stands_alone_against_weak_codes_and_not_against_a_pathogenic_class():
    weak = classify([parse_code(text) for text in ("BA1", "PM1", "PP3")])
    assert (weak.by_table, weak.by_points, weak.agree) == ("benign", "benign", True)
    against = classify([parse_code(text) for text in ("BA1", "PVS1", "PS1")])
    assert (against.by_table, against.by_points) == ("uncertain_significance", "uncertain_significance")


@given(st.lists(st.sampled_from([name for name in CODES if name != "BA1"]), unique=True, max_size=8), st.randoms())
@settings(max_examples=200, deadline=None)
def test_order_does_not_matter_and_more_pathogenic_codes_never_lower_the_points(names, random):
    codes = [parse_code(name) for name in names]
    shuffled = list(codes)
    random.shuffle(shuffled)
    assert by_table(codes)[0] == by_table(shuffled)[0]
    more = [*codes, Code(name="PS4", strength="strong")] if "PS4" not in names else codes
    assert ORDER.index(by_points(more)[0]) >= ORDER.index(by_points(codes)[0])


def test_the_neighbouring_class_is_explained():
    found = classify([parse_code("PVS1"), parse_code("PM2_Supporting")])
    assert "supporting pathogenic code" in found.why_not_higher
    assert not classify([parse_code("BA1")]).why_not_lower


def test_a_code_given_twice_or_unknown_is_refused():
    with pytest.raises(ToolRetry, match="PM2"):
        classify([parse_code("PM2"), parse_code("PM2_Supporting")])
    for text in ("PX1", "PM2_Huge", "PM2_StandAlone", ""):
        with pytest.raises(ToolRetry):
            parse_code(text)


def test_removing_a_code_changes_the_class():
    codes = [parse_code(name) for name in ("PS1", "PM1", "PM2", "PM5")]
    assert by_table(codes)[0] == "pathogenic"
    assert {by_table(kept)[0] for kept in combinations(codes, 3)} == {"likely_pathogenic"}


def test_the_command_says_class_and_points(capsys):
    assert _run("acmg", ["classify", "PVS1", "PM2", "--json"]) == 0
    said = capsys.readouterr().out
    assert '"by_table": "likely_pathogenic"' in said
    assert '"points": 10' in said
    assert _run("acmg", ["classify", "PQ1"]) == 2


def test_tables_support_pvs1_for_a_truncation_with_others_downstream_and_never_use_clinvars_own_class(tmp_path):
    file = write(tmp_path / "g.vcf", [row("13", 32340300, "GT", "G")])
    found = call_tool("annotate_variants", {}, context(file, origin="germline")).payload.variants[0]
    assert [code.text for code in found.acmg.codes] == ["PVS1"]
    assert "further downstream" in found.acmg.codes[0].reason
    assert not {"PP5", "BP6"} & {code.name for code in found.acmg.codes}


def test_a_second_missense_change_at_a_pathogenic_residue_is_pm5(tmp_path):
    file = write(tmp_path / "g.vcf", [row("17", 7675088, "C", "T")])
    found = call_tool("annotate_variants", {}, context(file, origin="germline")).payload.variants[0]
    assert found.name == "TP53 R175H"
    codes = {code.name: code for code in found.acmg.codes}
    assert set(codes) <= {"PM5", "PS1", "PP3"}
    assert "sequence-context network scores TP53 R175H" in codes["PP3"].reason


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("PVS1_Strong", "PVS1_Strong"), ("PVS1-strong", "PVS1_Strong"), ("pvs1 (Strong)", "PVS1_Strong"),
        ("PVS1: strong", "PVS1_Strong"), ("PVS1_S", "PVS1_Strong"), ("PS3_Supporting", "PS3_Supporting"),
        ("PM2_supporting", "PM2_Supporting"), ("PM2 supp", "PM2_Supporting"), ("PM2_P", "PM2_Supporting"),
        ("PM2Supporting", "PM2_Supporting"), ("PM2[Supporting]", "PM2_Supporting"), ("BP4_moderate", "BP4_Moderate"),
        ("PP1-Mod", "PP1_Moderate"), ("PM3_Very Strong", "PM3_VeryStrong"), ("PM3_VeryStrong", "PM3_VeryStrong"),
        ("PM3_VS", "PM3_VeryStrong"), ("BA1 (stand-alone)", "BA1"), ("BA1_Stand Alone", "BA1"), ("BA1_SA", "BA1"),
        ("PM2（支持）", "PM2_Supporting"), ("PVS1_强", "PVS1_Strong"), ("PM2_Moderate", "PM2"),
    ],
)  # fmt: skip
def test_a_strength_is_read_however_it_is_written(written, read):
    assert parse_code(written).text == read


@pytest.mark.parametrize("joined", ["PVS1,PM2_Supporting;PP3", "PVS1 + PM2 (Supporting) + PP3", "PVS1、PM2_P、PP3",
                                    "pvs1|pm2_p|pp3", "PVS1 PM2_Supporting PP3"])  # fmt: skip
def test_codes_are_read_under_any_separator(joined):
    assert [code.text for code in parse_codes(joined)] == ["PVS1", "PM2_Supporting", "PP3"]


@pytest.mark.parametrize("wrong", ["PVS2", "PM7", "PM2_Huge", "PS1 and nonsense", "BS1_StandAlone", "", "PM22"])
def test_what_is_no_code_is_refused_and_not_passed_over(wrong):
    with pytest.raises(ToolRetry):
        parse_codes(wrong)


def test_very_strong_with_one_supporting_names_the_later_rule_of_clingen():
    found = classify(parse_codes("PVS1 PM2_Supporting"))
    assert (found.by_table, found.by_points) == ("uncertain_significance", "likely_pathogenic")
    assert any("ClinGen counts 1 very strong with 1 supporting" in note for note in found.notes)
    assert not classify(parse_codes("PVS1 PM2_Supporting BP4")).notes

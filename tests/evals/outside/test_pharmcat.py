"""PharmCAT-style folders, made from CPIC's own positions: calls, what is unknown, and spellings."""

from __future__ import annotations

import pytest

from evals.outside.registry import Settings, benchmark
from evals.outside.star_names import alleles, cells, phenotype, same_phenotype, variants
from knowledge.errors import BadInput
from tools.pgx.definitions import definitions

# CYP2C19 *1 has G at rs3758581; *2 also has A at rs4244285 and G at rs12769205 (PharmVar).
STAR1_STAR2 = {"rs3758581": "1/1", "rs4244285": "0/1", "rs12769205": "0/1"}


def _vcf(genotypes, samples=("S1",), left_out=()):
    gene = definitions().genes["CYP2C19"]
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr10,length=133797422>\n"
    head += "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"
    rows = []
    for position in gene.positions:
        if position.rsid in left_out:
            continue
        call = genotypes.get(position.rsid, "0/0")
        cells = ["chr10", str(position.position), position.rsid, position.ref, position.alts[0], ".", "PASS", ".", "GT"]
        rows.append("\t".join([*cells, *(call for _ in samples)]))
    return head + "\n".join(rows) + "\n"


def test_calls_are_compared_whatever_the_order_of_alleles(tmp_path):
    (tmp_path / "S1.vcf").write_text(_vcf(STAR1_STAR2))
    (tmp_path / "expected.tsv").write_text(
        "Sample\tGene\tDiplotype\tPhenotype\n"
        "S1\tCYP2C19\t*2/*1\tIM\nS1\tCYP2C19\t*1/*17\tIntermediate Metabolizer\nS1\tTPMT\t*1/*1\t\nS1\tCYP2C19\t\t\n"
    )
    result = benchmark("PharmCAT").run(tmp_path, Settings())
    assert [item.verdict for item in result.items] == ["right", "wrong", "abstained", "not_scored"]
    assert {f.name: f.estimate.value for f in result.figures}["phenotype right"] == 1.0


def test_what_the_file_does_not_list_is_unknown_and_is_counted_apart(tmp_path):
    (tmp_path / "a.vcf").write_text(_vcf(STAR1_STAR2, left_out=("rs12248560", "rs4986893")))
    (tmp_path / "calls.csv").write_text("file,CYP2C19\na.vcf,*1/*2\n")
    result = benchmark("pharmcat").run(tmp_path, Settings())
    (item,) = result.items
    assert item.verdict == "abstained"
    assert item.values["if reference"] == 1.0


def test_a_row_without_a_file_is_named(tmp_path):
    (tmp_path / "a.vcf").write_text(_vcf({}))
    (tmp_path / "b.vcf").write_text(_vcf({}))
    (tmp_path / "calls.csv").write_text("sample,gene,diplotype\nzz,CYP2C19,*1/*1\n")
    with pytest.raises(BadInput, match=r"row 1.*'zz'"):
        benchmark("pharmcat").run(tmp_path, Settings())


GENES = definitions().genes


def test_alternatives_and_gene_names_in_a_cell():
    assert alleles("CYP2C19 *17/*1") == ("*1", "*17")
    assert [alleles(text) for text in cells("*1/*2 or *1/*3; *4/*4")] == [("*1", "*2"), ("*1", "*3"), ("*4", "*4")]
    assert cells(["*1/*2", "*3/*4"]) == cells("['*1/*2', '*3/*4']") == ["*1/*2", "*3/*4"]
    assert cells("*1/*2|*3/*4") == ["*1/*2", "*3/*4"]
    assert alleles("Reference/c.1905+1G>A (*2A)") == ("Reference", "c.1905+1G>A (*2A)")


@pytest.mark.parametrize(
    ("gene", "written", "meant"),
    [
        ("CYP2C19", "CYP2C19*1/CYP2C19*2", ("*1", "*2")),
        ("CYP2C19", "*2|*1", ("*1", "*2")),
        ("CYP2C19", "(*1)/*2.001", ("*1", "*2")),
        ("DPYD", "*2A/Reference", ("Reference", "c.1905+1G>A (*2A)")),
        ("DPYD", "wildtype/HapB3", ("Reference", "c.1129-5923C>G, c.1236G>A (HapB3)")),
        ("DPYD", "reference/c.1129-5923C>G", ("Reference", "c.1129-5923C>G, c.1236G>A (HapB3)")),
        ("DPYD", "rs67376798/ref", ("Reference", "c.2846A>T")),
        ("VKORC1", "C/T", ("rs9923231 reference (C)", "rs9923231 variant (T)")),
        ("VKORC1", "GA", ("rs9923231 reference (C)", "rs9923231 variant (T)")),
        (
            "IFNL3",
            "rs12979860 variant (T)/rs12979860 reference (C)",
            ("rs12979860 reference (C)", "rs12979860 variant (T)"),
        ),
        ("G6PD", "B (wildtype)", ("B (reference)",)),
        ("G6PD", "A-202A_376G", ("A- 202A_376G",)),
        ("MT-RNR1", "m.1555A>G", ("1555A>G",)),
        ("MT-RNR1", "A1555G", ("1555A>G",)),
        ("UGT1A1", "*80+*28 / *1", ("*1", "*80+*28")),
    ],
)
def test_alleles_are_read_in_the_spellings_of_tables(gene, written, meant):
    assert alleles(written, GENES[gene]) == tuple(sorted(meant))


def test_a_list_of_variants_is_told_from_a_diplotype():
    gene = GENES["DPYD"]
    both = frozenset({"c.498G>A", "c.2846A>T"})
    assert variants("c.498G>A, c.2846A>T", gene) == both
    assert variants("Reference/c.498G>A + c.2846A>T", gene) == both
    assert variants("c.1129-5923C>G, c.1236G>A (HapB3)", gene) == {"c.1129-5923C>G, c.1236G>A (HapB3)"}
    assert variants("anything else", gene) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("IM", "Intermediate Metabolizer", True), ("CYP2C19 Poor Metaboliser", "Poor Metabolizer", True),
        ("Intermediate Metabolizer (1.0)", "intermediate_metabolizer", True), ("Normal", "Normal Function", True),
        ("EM", "Normal Metabolizer", True), ("Poor Metabolizer", "Intermediate Metabolizer", False),
        ("Likely Intermediate Metabolizer", "Intermediate Metabolizer", False), ("", "", False),
    ],
)  # fmt: skip
def test_phenotypes_are_compared_by_what_they_say(one, other, same):
    assert same_phenotype(one, other, "CYP2C19") is same
    assert phenotype("NM") == "normal metabolizer"


def test_files_of_one_name_in_folders_of_genes_are_told_apart(tmp_path):
    for gene, text in (("CYP2C19", _vcf(STAR1_STAR2)), ("TPMT", _vcf({}))):
        (tmp_path / gene).mkdir()
        (tmp_path / gene / "s1s2.vcf").write_text(text)
    (tmp_path / "calls.csv").write_text("file,gene,diplotype\nCYP2C19/s1s2.vcf,CYP2C19,*1/*2\ns1s2.vcf,CYP2C19,*2/*1\n")
    assert [item.verdict for item in benchmark("pharmcat").run(tmp_path, Settings()).items] == ["right", "right"]


def test_samples_are_found_by_their_names_in_the_files(tmp_path):
    (tmp_path / "batch1.vcf").write_text(_vcf(STAR1_STAR2, samples=("A", "B")))
    (tmp_path / "batch2.vcf").write_text(_vcf({"rs3758581": "1/1"}, samples=("C",)))
    (tmp_path / "calls.tsv").write_text("sample\tCYP2C19\nB\t*1/*2\nC\t*1/*1\n")
    assert [item.verdict for item in benchmark("pharmcat").run(tmp_path, Settings()).items] == ["right", "right"]


@pytest.mark.parametrize(
    "text",
    [
        '{"S1": {"CYP2C19": "*2/*1"}}',
        '{"S1": {"CYP2C19": {"diplotype": ["*1/*2"], "phenotype": "IM"}}}',
        '[{"sample": "S1", "gene": "cyp2c19", "diplotype": "*1/*2", "phenotype": "Intermediate Metabolizer"}]',
    ],
)
def test_expected_calls_may_be_json(tmp_path, text):
    (tmp_path / "S1.vcf").write_text(_vcf(STAR1_STAR2))
    (tmp_path / "expected.json").write_text(text)
    assert [item.verdict for item in benchmark("pharmcat").run(tmp_path, Settings()).items] == ["right"]

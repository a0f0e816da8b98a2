"""PharmCAT-style folders, made from CPIC's own positions: calls, what is unknown, and spellings."""

from __future__ import annotations

import pytest

from evals.outside.pharmcat import alleles, same_diplotypes
from evals.outside.registry import Settings, benchmark
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


def test_alternatives_and_gene_names_in_a_cell():
    assert alleles("CYP2C19 *17/*1") == ("*1", "*17")
    assert same_diplotypes("*1/*2 or *1/*3; *4/*4") == {("*1", "*2"), ("*1", "*3"), ("*4", "*4")}
    assert alleles("Reference/c.1905+1G>A (*2A)") == ("Reference", "c.1905+1G>A (*2A)")

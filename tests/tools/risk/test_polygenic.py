"""Polygenic scores: copies counted by allele, nothing imputed, refusals that name the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from knowledge.errors import BadInput, ToolFailed
from tools.risk.polygenic import read_scoring_file, score_sample

HEADER = "###PGS CATALOG SCORING FILE\n#pgs_id=PGS000001\n#pgs_name=T\n#trait_reported=Trait\n#genome_build=GRCh38\n"
COLUMNS = "rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n"
LINES = [
    "rs1\t1\t1000\tA\tG\t0.5\n",  # G/A: one copy
    "rs2\t1\t2000\tC\tT\t-0.2\n",  # reference is the effect allele, C/C: two copies
    "rs3\t2\t3000\tG\tA\t1.0\n",  # A/A: none
    "rs4\t3\t4000\tT\tC\t0.25\n",  # C/T and T: multi-allelic site, one copy
]
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
    "chr1\t1000\t.\tG\tA\t.\tPASS\t.\tGT\t0/1\n"
    "chr1\t2000\t.\tC\tT\t.\tPASS\t.\tGT\t0/0\n"
    "chr2\t3000\t.\tA\tG\t.\tPASS\t.\tGT\t0|0\n"
    "chr3\t4000\t.\tC\tG,T\t.\tPASS\t.\tGT\t0/2\n"
)


def files(tmp_path: Path, lines: list[str] | None = None, vcf: str = VCF, header: str = HEADER) -> tuple[Path, Path]:
    scores, variants = tmp_path / "s.txt.gz", tmp_path / "v.vcf"
    with gzip.open(scores, "wt") as stream:
        stream.write(header + COLUMNS + "".join(LINES if lines is None else lines))
    variants.write_text(vcf)
    return scores, variants


def test_the_score_is_the_sum_of_weight_times_copies(tmp_path: Path) -> None:
    scores, variants = files(tmp_path)
    made = score_sample(read_scoring_file(scores, "s"), variants, "v", "GRCh38")
    assert made.score == pytest.approx(0.5 * 1 - 0.2 * 2 + 1.0 * 0 + 0.25 * 1)
    assert (made.matched, made.missing) == (4, 0)


def test_a_variant_that_is_not_called_is_missing_and_not_taken_as_reference(tmp_path: Path) -> None:
    scores, variants = files(tmp_path, vcf=VCF.replace("0|0", "./."))
    made = score_sample(read_scoring_file(scores, "s"), variants, "v", "GRCh38")
    assert (made.matched, made.missing) == (3, 1)


def test_too_few_matches_are_refused(tmp_path: Path) -> None:
    scores, variants = files(tmp_path, vcf="".join(VCF.splitlines(keepends=True)[:5]))
    with pytest.raises(ToolFailed, match="Only 1 of 4"):
        score_sample(read_scoring_file(scores, "s"), variants, "v", "GRCh38")


def test_alleles_that_do_not_fit_do_not_count(tmp_path: Path) -> None:
    scores, variants = files(tmp_path, [*LINES[:3], "rs4\t3\t4000\tA\tG\t9\n"])
    made = score_sample(read_scoring_file(scores, "s"), variants, "v", "GRCh38")
    assert made.mismatched == 1
    assert made.score == pytest.approx(0.1)


def test_assemblies_must_agree(tmp_path: Path) -> None:
    scores, variants = files(tmp_path, header=HEADER.replace("GRCh38", "hg19"))
    with pytest.raises(ToolFailed, match="GRCh37"):
        score_sample(read_scoring_file(scores, "s"), variants, "v", "GRCh38")


@pytest.mark.parametrize(
    ("lines", "header", "says"),
    [
        (["rs1\t1\tx\tA\tG\t0.5\n"], HEADER, "line 7"),
        (["rs1\t1\t5\tA\tG\tnan\n"], HEADER, "line 7"),
        ([], HEADER, "no variants"),
        (LINES, HEADER.replace("#genome_build=GRCh38\n", ""), "not named"),
    ],
)
def test_a_bad_scoring_file_names_the_place(tmp_path: Path, lines: list[str], header: str, says: str) -> None:
    scores, _ = files(tmp_path, lines, header=header)
    with pytest.raises(BadInput, match=says):
        read_scoring_file(scores, "s")

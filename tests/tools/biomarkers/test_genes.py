"""Gene ranking over a cohort: the statistics against independent ones, and a cohort whose culprit is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import chi2

from agent.cli import _run
from knowledge.errors import BadInput
from tools.biomarkers.burden import cauchy, liu_tail, rank_genes
from tools.biomarkers.cohort import Cohort, read_cohort

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=248956422>\n"
    '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Format: Consequence|gene|transcript|biotype">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)


def cohort_of(copies, case, covariates=None):
    size = len(case)
    return Cohort(
        tuple(f"s{k}" for k in range(size)), np.array(case, dtype=float),
        np.zeros((size, 0)) if covariates is None else covariates, {"G": np.array(copies, dtype=np.int8)},
    )  # fmt: skip


def test_burden_without_covariates_is_n_times_the_squared_correlation():
    random = np.random.default_rng(1)
    case = np.repeat([1, 0], 60)
    copies = random.binomial(1, 0.05, (6, 120))
    found = rank_genes(cohort_of(copies, case))[0]
    r = np.corrcoef(copies.sum(axis=0), case)[0, 1]
    assert found.p_burden == pytest.approx(chi2.sf(120 * r**2, 1), rel=1e-6)


def test_skat_p_value_agrees_with_permutation():
    random = np.random.default_rng(2)
    case = np.repeat([1.0, 0.0], 300)
    copies = random.binomial(1, np.where(case == 1, 0.035, 0.025), (8, 600))
    found = rank_genes(cohort_of(copies, case))[0]
    from scipy.stats import beta

    weighted = copies.T * beta.pdf(copies.mean(axis=1) / 2, 1, 25)
    statistic = lambda status: float(((weighted.T @ (status - 0.5)) ** 2).sum())  # noqa: E731
    seen = statistic(case)
    beaten = np.mean([statistic(random.permutation(case)) >= seen for _ in range(3000)])
    assert 0.0005 < beaten < 0.5
    assert found.p_skat == pytest.approx(beaten, rel=0.35)


def test_the_tail_of_a_mixture_agrees_with_drawing_from_it():
    weights = np.array([5.0, 3.0, 1.0, 0.5])
    drawn = np.random.default_rng(0).chisquare(1, (400_000, 4)) @ weights
    for q in (10.0, 20.0, 30.0):
        assert liu_tail(q, weights) == pytest.approx((drawn > q).mean(), rel=0.1)


def test_the_tail_of_one_chi_square_is_exact_and_two_equal_p_values_combine_to_themselves():
    assert liu_tail(3.84 * 2, np.array([2.0])) == pytest.approx(0.05, abs=2e-4)
    assert liu_tail(6.0, np.array([1.0, 1.0])) == pytest.approx(chi2.sf(6.0, 2), rel=1e-6)
    assert cauchy((0.03, 0.03)) == pytest.approx(0.03)


def test_a_covariate_that_explains_the_carriers_takes_the_signal_away():
    random = np.random.default_rng(3)
    group = np.repeat([1.0, 0.0], 200)
    case = (random.random(400) < np.where(group == 1, 0.75, 0.25)).astype(float)
    copies = random.binomial(1, np.where(group == 1, 0.05, 0.005), (10, 400))
    alone = rank_genes(cohort_of(copies, case))[0].p_burden
    adjusted = rank_genes(cohort_of(copies, case, group[:, None]))[0].p_burden
    assert alone < 1e-4
    assert adjusted > 0.01


def write_cohort(folder, genes=12, size=80):
    random = np.random.default_rng(7)
    case = np.array([1] * (size // 2) + [0] * (size // 2))
    lines, position = [], 1000
    for number in range(genes):
        for _ in range(12):
            position += 10
            rate = np.where(case == 1, 0.02, 0.0) if number == 3 else np.full(size, 0.006)
            calls = ["0/1" if random.random() < share else "0/0" for share in rate]
            calls[0] = "./." if position % 40 == 0 else calls[0]
            term = "missense" if position % 30 else "synonymous"
            lines.append(
                f"1\t{position}\t.\tA\tG\t.\tPASS\tBCSQ={term}|GENE{number}|T|protein_coding\tGT\t" + "\t".join(calls)
            )
    names = [f"P{k}" for k in range(size)]
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(names)
    lines.insert(5, "1\tnowhere\t.\tA\tG\t.\tPASS\t.\tGT\t" + "\t".join(["0/0"] * size))
    (folder / "c.vcf").write_text(HEADER + head + "\n" + "\n".join(lines) + "\n")
    rows = [f"{name}\t{status}\t{random.normal():.3f}" for name, status in zip(names, case, strict=True)]
    (folder / "p.tsv").write_text("sample\tcase\tage\n" + "\n".join(rows) + "\n")
    return folder / "c.vcf", folder / "p.tsv"


def test_the_gene_with_more_carriers_among_cases_comes_first(tmp_path, capsys):
    vcf, phenotypes = write_cohort(tmp_path)
    options = ["--phenotypes", str(phenotypes), "--assembly", "GRCh38", "--max-frequency", "0.05"]
    assert _run("genes", [str(vcf), *options, "--json", "--out", str(tmp_path / "o")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["genes"][0]["gene"] == "GENE3"
    assert found["genes"][0]["control_carriers"] == 0
    assert found["bad_records"] == 1
    assert (tmp_path / "o" / "genes.png").read_bytes().startswith(b"\x89PNG")
    assert _run("genes", [str(vcf), "--phenotypes", str(phenotypes)]) == 2


def test_unusable_phenotypes_and_a_file_without_consequences_are_refused(tmp_path):
    vcf, phenotypes = write_cohort(tmp_path)
    for text in ("", "sample\tcase\nP1\t2\n", "sample\tcase\nP1\t1\nP1\t1\n", "name\tcase\nP1\t1\n"):
        (tmp_path / "bad.tsv").write_text(text)
        with pytest.raises(BadInput):
            read_cohort(vcf, "GRCh38", tmp_path / "bad.tsv")
    plain = tmp_path / "plain.vcf"
    plain.write_text("\n".join(line for line in vcf.read_text().split("\n") if "INFO=<" not in line))
    with pytest.raises(BadInput, match="no consequence"):
        read_cohort(plain, "GRCh38", phenotypes)

"""A VCF built from each allele's definition is called as that allele; so are combinations, phased and not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from variant_helpers import context, golden, header

from agent.cli import _run
from tools.pgx.definitions import Gene, NamedAllele, definitions
from tools.pgx.report import outside_call
from tools.registry import call_tool

TABLE = definitions()
GENES = TABLE.callable_genes()
AUTOSOMAL = [name for name in GENES if name not in ("G6PD", "MT-RNR1")]


def base_of(allele: NamedAllele, index: int, gene: Gene) -> str:
    ref = gene.positions[index].ref
    allowed = allele.bases.get(index, frozenset({ref}))
    return ref if ref in allowed else sorted(allowed)[0]


def vcf_of(
    path: Path, gene: Gene, alleles: tuple[NamedAllele, ...], phased: bool, skip: frozenset[int] = frozenset()
) -> Path:
    """A file with a record at each position of the definition, carrying the bases of `alleles`."""
    rows = []
    for index, position in sorted(enumerate(gene.positions), key=lambda pair: pair[1].position):
        if index in skip:
            continue
        bases = [base_of(allele, index, gene) for allele in alleles]
        alts = [alt for alt in dict.fromkeys(bases) if alt != position.ref]
        numbers = [0 if base == position.ref else alts.index(base) + 1 for base in bases]
        call = ("|" if phased else "/").join(str(n) for n in (numbers if phased else sorted(numbers)))
        chromosome = "M" if gene.chromosome == "MT" else gene.chromosome
        shown = ",".join(alts) or "."
        rows.append(f"chr{chromosome}\t{position.position}\t.\t{position.ref}\t{shown}\t.\tPASS\t.\tGT\t{call}\n")
    path.write_text(header() + "".join(rows))
    return path


def called(file: Path, gene: str, sex: str = "female", **arguments):
    result = call_tool("pharmacogenomics", arguments, context(file, origin="germline", sex=sex))
    return next(item for item in result.payload.genes if item.gene == gene), result


@pytest.mark.slow
@pytest.mark.parametrize("name", GENES)
def test_each_allele_of_a_gene_is_called_when_both_copies_carry_it(tmp_path, name):
    gene = TABLE.genes[name]
    one_copy = name == "MT-RNR1"
    for allele in gene.alleles:
        file = vcf_of(tmp_path / "a.vcf", gene, (allele,) if one_copy else (allele, allele), phased=False)
        found, _ = called(file, name)
        expected = allele.name if one_copy else f"{allele.name}/{allele.name}"
        assert (found.diplotypes, found.missing) == ((expected,), ())


@pytest.mark.parametrize("name", AUTOSOMAL)
def test_phased_pairs_are_called_as_the_two_alleles(tmp_path, name):
    gene, chance = TABLE.genes[name], random.Random(name)
    for _ in range(12):
        pair = (chance.choice(gene.alleles), chance.choice(gene.alleles))
        found, _ = called(vcf_of(tmp_path / "p.vcf", gene, pair, phased=True), name)
        assert len(found.diplotypes) == 1
        assert sorted(found.diplotypes[0].split("/")) == sorted("/".join(a.name for a in pair).split("/"))


@pytest.mark.parametrize("name", AUTOSOMAL)
def test_unphased_pairs_are_among_the_diplotypes_that_fit(tmp_path, name):
    gene, chance = TABLE.genes[name], random.Random(name)
    for _ in range(8):
        pair = (chance.choice(gene.alleles), chance.choice(gene.alleles))
        found, _ = called(vcf_of(tmp_path / "u.vcf", gene, pair, phased=False), name)
        names = {tuple(sorted(d.split("/"))) for d in found.diplotypes}
        assert tuple(sorted("/".join(a.name for a in pair).split("/"))) in names


def pick(gene: str, name: str) -> NamedAllele:
    return next(allele for allele in TABLE.genes[gene].alleles if allele.name == name)


def test_unphased_tpmt_keeps_the_rare_reading_and_calls_the_usual_one(tmp_path):
    gene = TABLE.genes["TPMT"]
    pair = (pick("TPMT", "*1"), pick("TPMT", "*3A"))
    found, _ = called(vcf_of(tmp_path / "t.vcf", gene, pair, phased=False), "TPMT")
    assert found.diplotypes == ("*1/*3A", "*3B/*3C")
    assert found.phenotype == "Intermediate Metabolizer"


def test_phased_tpmt_3b_3c_is_a_poor_metabolizer(tmp_path):
    gene = TABLE.genes["TPMT"]
    pair = (pick("TPMT", "*3B"), pick("TPMT", "*3C"))
    found, _ = called(vcf_of(tmp_path / "t.vcf", gene, pair, phased=True), "TPMT")
    assert (found.diplotypes, found.phenotype) == (("*3B/*3C",), "Poor Metabolizer")


@pytest.mark.parametrize(
    ("name", "usual", "rare", "phenotype"),
    [
        ("UGT1A1", ("*1", "*80+*28"), "*28/*80", "Intermediate Metabolizer"),
        ("NUDT15", ("*1", "*2"), "*3/*6", "Intermediate Metabolizer"),
        ("SLCO1B1", ("*1", "*14"), "*4/*37", "Normal Function"),
    ],
)
def test_a_rare_reading_of_an_unphased_genotype_is_listed_last_and_does_not_hinder(
    tmp_path, name, usual, rare, phenotype
):
    pair = tuple(pick(name, allele) for allele in usual)
    found, _ = called(vcf_of(tmp_path / "u.vcf", TABLE.genes[name], pair, phased=False), name)
    assert found.diplotypes == ("/".join(usual), rare)
    assert found.phenotype == phenotype


def test_a_rare_reading_counts_where_the_position_that_would_tell_was_not_read(tmp_path):
    gene, pair = TABLE.genes["TPMT"], (pick("TPMT", "*1"), pick("TPMT", "*3A"))
    skip = frozenset(i for i, p in enumerate(gene.positions) if p.rsid == "rs1142345")
    found, _ = called(vcf_of(tmp_path / "t.vcf", gene, pair, phased=False, skip=skip), "TPMT")
    assert found.diplotypes[0] == "*1/*3B"
    assert found.phenotype is None


@pytest.mark.parametrize(
    ("calls", "expected", "score"),
    [
        (("1|0", "1|0"), "Reference/c.1905+1G>A (*2A)", "1.0"),
        (("1|0", "0|1"), "c.1905+1G>A (*2A)/c.2846A>T", "0.5"),
        (("1/0", "1/0"), "c.1905+1G>A (*2A)/c.2846A>T", "0.5"),
    ],
)
def test_two_dpyd_variants_of_one_chromosome_leave_the_other_as_it_is(tmp_path, calls, expected, score):
    gene = TABLE.genes["DPYD"]
    held = dict(
        zip((next(iter(pick("DPYD", n).variants(gene))) for n in ("c.1905+1G>A (*2A)", "c.2846A>T")), calls,
            strict=True)
    )  # fmt: skip
    rows = [
        f"chr1\t{p.position}\t.\t{p.ref}\t{p.alts[0]}\t.\tPASS\t.\tGT\t{held.get(i, '0/0')}\n"
        for i, p in enumerate(gene.positions)
    ]
    file = tmp_path / "d.vcf"
    file.write_text(header() + "".join(sorted(rows)))
    found, _ = called(file, "DPYD")
    assert (found.diplotypes, found.lookup_key) == ((expected,), score)


@pytest.mark.hazard("HAZ-09")
def test_a_missing_position_is_named_and_not_taken_as_reference(tmp_path):
    gene = TABLE.genes["CYP2C19"]
    index = next(i for i, p in enumerate(gene.positions) if p.rsid == "rs4986893")
    pair = (pick("CYP2C19", "*1"), pick("CYP2C19", "*2"))
    file = vcf_of(tmp_path / "m.vcf", gene, pair, phased=False, skip=frozenset({index}))
    found, result = called(file, "CYP2C19")
    assert found.missing == ("rs4986893",)
    assert found.phenotype is None
    assert found.phenotype_if_reference == "Intermediate Metabolizer"
    assert not any(f.name.startswith("phenotype.") for e in result.evidence for f in e.facts)
    assumed, result = called(file, "CYP2C19", unlisted_positions="reference")
    assert assumed.phenotype == "Intermediate Metabolizer"
    assert "taken as reference on request" in result.evidence[0].claim


def test_a_missing_position_that_cannot_change_the_phenotype_does_not_hinder_the_call(tmp_path):
    gene = TABLE.genes["CYP2C19"]
    keep = next(i for i, p in enumerate(gene.positions) if p.rsid == "rs4244285")
    two = pick("CYP2C19", "*2")
    skip = frozenset(range(len(gene.positions))) - {keep}
    found, result = called(vcf_of(tmp_path / "n.vcf", gene, (two, two), phased=False, skip=skip), "CYP2C19")
    assert (found.diplotypes, found.phenotype) == (("*2/*2",), "Poor Metabolizer")
    assert {f.name: f.value for e in result.evidence for f in e.facts}["phenotype.CYP2C19"] == "poor_metabolizer"


def test_an_allele_that_the_definition_does_not_know_is_reported(tmp_path):
    file = tmp_path / "x.vcf"
    file.write_text(header() + "chr10\t94781859\t.\tG\tT\t.\tPASS\t.\tGT\t0/1\n")
    found, _ = called(file, "CYP2C19")
    assert found.unknown_alleles == ("rs4244285 G/T",)
    assert found.phenotype is None


def test_a_reference_block_of_a_genomic_vcf_covers_positions(tmp_path):
    gene = TABLE.genes["NUDT15"]
    low, high = min(p.position for p in gene.positions) - 5, max(p.position for p in gene.positions) + 5
    file = tmp_path / "g.vcf"
    file.write_text(header() + f"chr13\t{low}\t.\tA\t<NON_REF>\t.\t.\tEND={high}\tGT\t0/0\n")
    found, _ = called(file, "NUDT15")
    assert (found.diplotypes, found.missing, found.phenotype) == (("*1/*1",), (), "Normal Metabolizer")


def test_a_man_has_one_g6pd_allele(tmp_path):
    gene, allele = TABLE.genes["G6PD"], pick("G6PD", "A- 202A_376G")
    found, _ = called(vcf_of(tmp_path / "g.vcf", gene, (allele,), phased=False), "G6PD", sex="male")
    assert (found.diplotypes, found.phenotype) == (("A- 202A_376G",), "Deficient")


def test_the_mitochondrial_reference_is_of_normal_risk_once_every_position_is_read(tmp_path):
    gene = TABLE.genes["MT-RNR1"]
    whole = vcf_of(tmp_path / "w.vcf", gene, (pick("MT-RNR1", "Reference"),), phased=False)
    found, result = called(whole, "MT-RNR1")
    assert found.phenotype == "normal risk of aminoglycoside-induced hearing loss"
    assert {f.name: f.value for e in result.evidence for f in e.facts}["phenotype.MT-RNR1"] == "normal_risk"
    part = vcf_of(tmp_path / "p.vcf", gene, (pick("MT-RNR1", "Reference"),), phased=False, skip=frozenset({3}))
    assert called(part, "MT-RNR1")[0].phenotype is None


def test_three_dpyd_variants_of_unknown_phase_name_the_two_of_lowest_function(tmp_path):
    gene = TABLE.genes["DPYD"]
    names = ["c.1905+1G>A (*2A)", "c.2846A>T", "c.85T>C (*9A)"]
    changed = {next(iter(pick("DPYD", n).variants(gene))): pick("DPYD", n) for n in names}
    rows = [
        f"chr1\t{p.position}\t.\t{p.ref}\t{p.alts[0]}\t.\tPASS\t.\tGT\t{'0/1' if i in changed else '0/0'}\n"
        for i, p in enumerate(gene.positions)
    ]
    file = tmp_path / "d.vcf"
    file.write_text(header() + "".join(sorted(rows)))
    found, _ = called(file, "DPYD")
    assert found.combined
    assert found.diplotypes == ("c.1905+1G>A (*2A)/c.2846A>T",)
    assert found.lookup_key == "0.5"


@pytest.mark.parametrize("line", golden("pgx_phenotypes.tsv"), ids=lambda line: f"{line[0]}-{line[1]}")
def test_a_diplotype_has_the_phenotype_that_cpic_publishes(line):
    gene, diplotype, phenotype, score = line
    found = outside_call(TABLE, f"{gene}={diplotype}")
    assert found.phenotype == phenotype
    if score:
        assert float(found.lookup_key) == float(score)


def test_single_positions_give_genotype_codes(tmp_path):
    file = tmp_path / "s.vcf"
    file.write_text(
        header()
        + "chr1\t169549811\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\nchr16\t31096368\t.\tC\tT\t.\tPASS\t.\tGT\t1/1\n"
        + "chr19\t15879621\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\nchr19\t39248147\t.\tC\tT\t.\tPASS\t.\tGT\t0/0\n"
    )
    _, result = called(file, "VKORC1")
    facts = {f.name: f.value for e in result.evidence for f in e.facts if f.name.startswith("phenotype.")}
    assert facts["phenotype.VKORC1"] == "aa"
    assert facts["phenotype.F5"] == "leiden_heterozygous"
    assert facts["phenotype.CYP4F2"] == "star3_heterozygous"
    assert facts["phenotype.IFNL3"] == "favourable_response"


def test_the_command_shows_calls_genotypes_and_what_cpic_leaves_open(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    rows = ["chr16\t31096368\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\n"]
    for index, p in enumerate(TABLE.genes["UGT1A1"].positions):
        alt = p.alts[1] if index == 1 else p.alts[0]
        rows.append(f"chr2\t{p.position}\t.\t{p.ref}\t{alt}\t.\tPASS\t.\tGT\t{'0/1' if index < 2 else '0/0'}\n")
    file = tmp_path / "c.vcf"
    file.write_text(header() + "".join(rows))
    assert _run("pgx", [str(file), "--assembly", "GRCh38", "--outside", "CYP2D6=*1/*4"]) == 0
    shown = capsys.readouterr().out
    lines = {line.split("│")[1].strip(): line for line in shown.splitlines() if line.startswith("│")}
    assert "*1/*80+*28 (first of 2" in lines["UGT1A1"]
    assert "-1639 GA" in lines["VKORC1"]
    assert "Intermediate" in lines["CYP2D6"]
    assert "outside call" in lines["CYP2D6"]


def test_positions_of_grch37_are_lifted_and_call_the_same(tmp_path):
    file = tmp_path / "old.vcf"
    file.write_text(header("GRCh37") + "chr10\t96541616\t.\tG\tA\t.\tPASS\t.\tGT\t1/1\n")
    result = call_tool("pharmacogenomics", {}, context(file, assembly="GRCh37", origin="germline"))
    assert result.payload.genes[0].diplotypes == ("*2/*2",)

"""The same genotype written in other ways is called the same; what a file leaves open is said and not guessed."""

from __future__ import annotations

import pytest
from variant_helpers import context, header

from knowledge.errors import ToolRetry
from tools.pgx.definitions import definitions
from tools.pgx.genotypes import G6PD_ON_37
from tools.pgx.spellings import spellings
from tools.registry import call_tool

TABLE = definitions()


def called(tmp_path, gene, rows, assembly="GRCh38", sex="female"):
    """The call of a file with a reference call at every position of the gene, but for `rows` (None leaves one out)."""
    lines = {}
    for position in TABLE.genes[gene].positions:
        key = position.rsid or position.hgvs
        if key not in rows:
            lines[key] = f"{position.position}\t.\t{position.ref}\t.\t.\tPASS\t.\tGT\t0/0"
    lines |= {key: row for key, row in rows.items() if row is not None}
    chromosome = TABLE.genes[gene].chromosome
    file = tmp_path / "s.vcf"
    body = "".join(f"chr{chromosome}\t{row}\n" for row in sorted(lines.values(), key=lambda r: int(r.split("\t")[0])))
    file.write_text(header(assembly) + body)
    result = call_tool("pharmacogenomics", {}, context(file, assembly=assembly, origin="germline", sex=sex))
    return next(item for item in result.payload.genes if item.gene == gene), result


def row(place, ref, alt, call, filters="PASS", info="."):
    return f"{place}\t.\t{ref}\t{alt}\t.\t{filters}\t{info}\tGT\t{call}"


STAR1 = {"rs3758581": row(94842866, "A", "G", "1/1")}


def test_a_deletion_moved_to_the_end_of_its_repeat_is_the_one_that_hgvs_names():
    """The rightmost deletion takes the bases that the HGVS name lists, where it lists them."""
    checked = 0
    for gene in TABLE.callable_genes():
        for position in TABLE.genes[gene].positions:
            if ";" in position.hgvs or "del" not in position.hgvs or not (bases := position.hgvs.partition("del")[2]):
                continue
            last = max(spellings(position), key=lambda item: item.place)
            span = position.hgvs.removeprefix("g.").partition("del")[0].split("_")
            assert (last.place + 1, last.ref[1:]) == (int(span[0]), bases)
            checked += 1
    assert checked >= 10


@pytest.mark.parametrize(
    ("gene", "label", "place", "ref", "alt", "expected"),
    [
        ("UGT1A1", "rs3064744", 233760233, "CAT", "CATAT", "*1/*28"),
        ("UGT1A1", "rs3064744", 233760233, "C", "CAT", "*1/*28"),
        ("UGT1A1", "rs3064744", 233760234, "A", "ATA", "*1/*28"),
        ("UGT1A1", "rs3064744", 233760248, "A", "ATA", "*1/*28"),
        ("UGT1A1", "rs3064744", 233760232, "ACAT", "ACATATAT", "*1/*37"),
        ("UGT1A1", "rs3064744", 233760246, "ATA", "A", "*1/*36"),
        ("CYP3A4", "rs67666821", 99758188, "T", "TT", "*1/*20"),
        ("NUDT15", "rs746071566", 48037782, "A", "AGGAGTC", "*1/*6"),
        ("NUDT15", "rs746071566", 48037801, "G", "GGAGTCG", "*1/*6"),
        ("NUDT15", "rs746071566", 48037783, "GGAGTCG", "G", "*1/*9"),
        ("DPYD", "rs72549309", 97740414, "AATGA", "A", "Reference/c.295_298delTCAT (*7)"),
        ("DPYD", "rs72549303", 97450066, "GG", "G", "Reference/c.1898delC (*3)"),
    ],
)  # fmt: skip
def test_an_insertion_or_deletion_is_the_same_wherever_in_its_repeat_it_is_anchored(
    tmp_path, gene, label, place, ref, alt, expected
):
    found, _ = called(tmp_path, gene, {label: row(place, ref, alt, "0/1")})
    assert (found.diplotypes, found.missing, found.unknown_alleles) == ((expected,), (), ())


def test_two_lengths_of_a_repeat_in_one_record_are_both_read(tmp_path):
    found, _ = called(tmp_path, "UGT1A1", {"rs3064744": row(233760233, "CAT", "C,CATAT", "1/2")})
    assert found.diplotypes == ("*28/*36",)


def test_a_substitution_of_two_bases_is_read_at_both_positions(tmp_path):
    both = {"rs116855232": row(48045719, "CG", "TG", "0/1"), "rs147390019": None}
    found, _ = called(tmp_path, "NUDT15", both)
    assert (found.diplotypes, found.missing) == (("*1/*3",), ())


def test_a_deletion_that_the_definition_does_not_know_leaves_the_position_open(tmp_path):
    rows = {"rs116855232": row(48045717, "GTC", "G", "0/1")}
    found, _ = called(tmp_path, "NUDT15", rows)
    assert found.unknown_alleles
    assert found.missing == ("rs116855232",)
    assert found.phenotype is None


@pytest.mark.parametrize("call", ["./.", ".", "./1", ".|.", "1/."])
def test_a_position_without_a_whole_genotype_is_missing_and_named(tmp_path, call):
    found, result = called(tmp_path, "CYP2C19", {"rs4986893": row(94780653, "G", "A", call), **STAR1})
    assert found.missing == ("rs4986893",)
    assert found.phenotype is None
    assert any("Not called in the file: rs4986893" in item.claim for item in result.evidence)


def test_a_deletion_of_the_gene_withholds_the_phenotype(tmp_path):
    rows = {"sv": row(94760000, "A", "<DEL>", "0/1", info="END=94860000;SVTYPE=DEL")}
    found, result = called(tmp_path, "CYP2C19", rows)
    assert found.phenotype is None
    assert found.phenotype_if_reference is None
    assert any("structural variant lies over the gene" in item.claim for item in result.evidence)
    assert not any(fact.name.startswith("phenotype.CYP2C19") for item in result.evidence for fact in item.facts)


def test_a_deletion_that_the_sample_does_not_have_changes_nothing(tmp_path):
    rows = {"sv": row(94760000, "A", "<DEL>", "0/0", info="END=94860000;SVTYPE=DEL")}
    assert called(tmp_path, "CYP2C19", rows)[0].phenotype == "Normal Metabolizer"


def test_a_variant_that_the_filter_did_not_pass_is_named(tmp_path):
    found, _ = called(tmp_path, "TPMT", {"rs1142345": row(18130687, "T", "C", "0/1", filters="LowQual")})
    assert found.diplotypes == ("*1/*3C",)
    assert found.notes == ("Read although the caller's filter did not pass: rs1142345 (LowQual)",)


INTRON, EXON = "rs75017182", "rs56038477"


@pytest.mark.parametrize(
    ("intron", "exon", "expected", "score"),
    [
        (row(97579893, "G", "C", "0/1"), row(97573863, "C", "T", "0/1"), "HapB3", 1.5),
        (row(97579893, "G", "C", "0/1"), row(97573863, "C", "T", "0/0"), "HapB3", 1.5),
        (None, row(97573863, "C", "T", "0/1"), "HapB3", 1.5),
        (row(97579893, "G", "C", "0/0"), row(97573863, "C", "T", "0/1"), "Reference", 2.0),
    ],
)
def test_hapb3_is_its_splice_variant_and_its_exonic_proxy_only_where_that_was_not_read(
    tmp_path, intron, exon, expected, score
):
    found, _ = called(tmp_path, "DPYD", {INTRON: intron, EXON: exon})
    assert found.missing == (() if intron else (INTRON,))
    assert len(found.diplotypes) == 1
    assert expected in found.diplotypes[0].split("/")[1]
    assert found.activity_score == score


def test_cyp2c19_without_its_position_of_star_38_is_read_as_the_usual_star_1(tmp_path):
    rows = {
        "rs3758581": None,
        "rs4244285": row(94781859, "G", "A", "0/1"),
        "rs12769205": row(94775367, "A", "G", "0/1"),
    }
    found, _ = called(tmp_path, "CYP2C19", rows)
    assert found.diplotypes[0] == "*1/*2"
    assert (found.fitting > 1, found.phenotype) == (True, "Intermediate Metabolizer")


@pytest.mark.parametrize(
    ("call", "phenotype"), [("0/0", "Normal Function"), ("0/1", "Decreased Function"), ("1/1", "Poor Function")]
)
def test_slco1b1_is_called_by_c521_alone_where_nothing_else_was_read(tmp_path, call, phenotype):
    rows = {p.rsid or p.hgvs: None for p in TABLE.genes["SLCO1B1"].positions}
    found, _ = called(tmp_path, "SLCO1B1", rows | {"rs4149056": row(21178615, "T", "C", call)})
    assert found.phenotype == phenotype
    assert call == "1/1" or "rs4149056" in found.basis


def test_every_dpyd_variant_is_listed_beside_the_two_that_count(tmp_path):
    rows = {
        "rs1801265": row(97883329, "A", "G", "0/1"), "rs67376798": row(97082391, "T", "A", "0/1"),
        "rs1801160": row(97305364, "C", "T", "0/1"),
    }  # fmt: skip
    found, _ = called(tmp_path, "DPYD", rows)
    assert set(found.carried) == {"c.85T>C (*9A)", "c.2194G>A (*6)", "c.2846A>T"}
    assert "c.2846A>T" in found.diplotypes[0]
    assert found.activity_score == 1.5


def test_g6pd_is_called_on_grch37_where_its_positions_are_certain(tmp_path):
    """rs1050828 (202G>A) and rs1050829 (376A>G) lie at X:153764217 and X:153763492 of GRCh37 (dbSNP)."""
    first, last, offset = G6PD_ON_37
    changed = {153764217, 153763492}
    rows = "".join(
        f"chrX\t{p.position - offset}\t.\t{p.ref}\t{p.alts[0]}\t.\tPASS\t.\tGT\t{int(p.position - offset in changed)}\n"
        for p in sorted(TABLE.genes["G6PD"].positions, key=lambda p: p.position) if first <= p.position <= last
    )  # fmt: skip
    file = tmp_path / "old.vcf"
    file.write_text(header("GRCh37") + rows)
    result = call_tool("pharmacogenomics", {}, context(file, assembly="GRCh37", origin="germline", sex="male"))
    (found,) = result.payload.genes
    assert found.diplotypes[0] == "A- 202A_376G"
    assert 0 < len(found.missing) < 40


def test_reference_blocks_on_grch37_are_not_read_and_that_is_said(tmp_path):
    file = tmp_path / "g.vcf"
    file.write_text(header("GRCh37") + "chr10\t96500000\t.\tA\t<NON_REF>\t.\t.\tEND=96700000\tGT\t0/0\n"
                    "chr10\t96541616\t.\tG\tA\t.\tPASS\t.\tGT\t0/1\n")  # fmt: skip
    result = call_tool("pharmacogenomics", {}, context(file, assembly="GRCh37", origin="germline"))
    assert any("reference blocks on GRCh37" in text for text in result.warnings)
    assert len(result.payload.genes[0].missing) > 20


@pytest.mark.hazard("HAZ-09")
def test_unlisted_positions_are_no_reference_on_grch37_where_its_base_is_the_variant(tmp_path):
    file = tmp_path / "old.vcf"
    file.write_text(header("GRCh37") + "chr10\t96541616\t.\tG\tA\t.\tPASS\t.\tGT\t1/1\n")
    with pytest.raises(ToolRetry, match="CYP3A5"):
        call_tool("pharmacogenomics", {"unlisted_positions": "reference"},
                  context(file, assembly="GRCh37", origin="germline"))  # fmt: skip


def test_a_whole_genome_that_lists_every_variant_calls_every_gene_on_request(tmp_path):
    file = tmp_path / "wgs.vcf"
    file.write_text(header() + "chr6\t18130687\t.\tT\tC\t.\tPASS\t.\tGT\t0/1\n")
    result = call_tool("pharmacogenomics", {"unlisted_positions": "reference"}, context(file, origin="germline"))
    calls = {item.gene: item.diplotypes[0] for item in result.payload.genes}
    assert set(calls) == set(TABLE.callable_genes())
    assert (calls["TPMT"], calls["CYP2C9"], calls["VKORC1"].count("reference")) == ("*1/*3C", "*1/*1", 2)
    assert all("taken as reference on request" in item.claim for item in result.evidence if item.kind == "diplotype")

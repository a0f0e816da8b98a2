"""Consequences from CSQ, ANN and bcftools csq; tables imported by the user; the command line."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from pathlib import Path

import pysam
import pytest
from variant_helpers import context, row, write

from agent.cli import _run
from knowledge.errors import BadInput, ToolRetry
from knowledge.tables import imports
from knowledge.tables.chromosomes import LENGTHS
from knowledge.tables.imports import import_table
from knowledge.tables.liftover import lift_37_to_38, lift_38_to_37, segments
from knowledge.tables.significance import classify_significance, review_stars
from knowledge.tables.store import acmg_secondary_findings, panel_genes, read_release
from tools.registry import call_tool
from tools.variants import lookup, reference
from tools.variants.reading import VariantFile

CSQ = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
    'Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|EXON|HGVSc|HGVSp|CANONICAL">\n'
)
ANN = "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation'\">\n"


def variants(tmp_path, rows, extra, **arguments):
    file = write(tmp_path / "a.vcf", rows, extra=extra)
    return call_tool("annotate_variants", {"tumour_type": "nsclc"} | arguments, context(file)).payload.variants


def test_vep_annotation_explains_a_variant_that_no_table_places(tmp_path):
    info = "CSQ=G|missense_variant|MODERATE|EGFR|1|Transcript|ENST1|21/28|ENST1:c.2573T>G|ENSP1:p.Leu858Arg|YES"
    found = variants(tmp_path, [row("7", 1234567, "T", "G", info=info)], CSQ)[0]
    assert (found.name, found.consequence.source) == ("EGFR L858R", "VEP CSQ in the file")
    assert found.clinvar.matched == "name"
    assert found.facts == ("biomarker.EGFR.L858R",)


def test_snpeff_annotation_is_read_for_the_right_allele(tmp_path):
    def entry(alt, change):
        return (
            f"{alt}|missense_variant|MODERATE|KRAS|G|transcript|NM_004985.5|protein_coding|2/6|c.34G>T|p.{change}|||||"
        )

    info = f"ANN={entry('A', 'Gly12Cys')},{entry('C', 'Gly12Gly')}"
    found = variants(tmp_path, [row("12", 5, "G", "T,A", "1/2", info=info)], ANN)
    assert [item.name for item in found] == ["KRAS G12C"]


def test_met_exon_14_splice_variants_are_skipping(tmp_path):
    info = "CSQ=T|splice_donor_variant|HIGH|MET|1|Transcript|ENST2||ENST2:c.3028+1G>T||YES"
    found = variants(tmp_path, [row("7", 116771990, "G", "T", info=info)], CSQ)[0]
    assert "biomarker.MET.exon14_skipping" in found.facts
    assert any("Crizotinib" in item.drugs for item in found.therapies)


@pytest.mark.parametrize(
    ("gene", "protein", "term", "fact"),
    [
        ("EGFR", "p.Leu747_Pro753delinsSer", "inframe_deletion", "biomarker.EGFR.exon19_deletion"),
        ("EGFR", "p.Ala767_Val769dup", "inframe_insertion", "biomarker.EGFR.exon20_insertion"),
        ("EGFR", "p.Gly719Ala", "missense_variant", "biomarker.EGFR.G719X"),
        ("KIT", "p.Val560Asp", "missense_variant", "biomarker.KIT.exon11"),
        ("KIT", "p.Ala502_Tyr503dup", "inframe_insertion", "biomarker.KIT.exon9"),
        ("STK11", "p.Gln37Ter", "stop_gained", "biomarker.STK11.mutation"),
        ("IDH2", "p.Arg172Lys", "missense_variant", "biomarker.IDH2.mutation"),
        ("POLE", "p.Pro286Arg", "missense_variant", "biomarker.POLE.mutation"),
        ("ESR1", "p.Tyr537Ser", "missense_variant", "biomarker.ESR1.mutation"),
        ("BRCA2", "p.Lys3326Ter", "stop_gained", None),
        ("EGFR", "p.Leu858Leu", "synonymous_variant", None),
        ("KRAS", "p.Val14Ile", "missense_variant", None),
    ],
)
def test_a_protein_change_makes_the_right_fact_true(tmp_path, gene, protein, term, fact):
    info = f"CSQ=G|{term}|X|{gene}|1|Transcript|T1||T1:c.99999A>G|P1:{protein}|YES"
    found = variants(tmp_path, [row("1", 777, "A", "G", info=info)], CSQ)
    facts = {name for item in found for name in item.facts}
    assert (fact in facts) if fact else not facts


def make_reference(folder: Path) -> tuple[Path, Path]:
    """A chromosome of one gene: 100 bases, then ATG + 20 codons + TAA, on the plus strand."""
    coding = "ATG" + "GAAGCTAAACTG" * 5 + "TAA"
    sequence = "A" * 100 + coding + "C" * 100
    fasta, gff = folder / "r.fa", folder / "r.gff3"
    fasta.write_text(f">chrZ\n{sequence}\n")
    end = 100 + len(coding)
    gff.write_text(
        "##gff-version 3\n"
        f"chrZ\te\tgene\t101\t{end}\t.\t+\t.\tID=gene:G1;Name=EGFR;biotype=protein_coding\n"
        f"chrZ\te\tmRNA\t101\t{end}\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding\n"
        f"chrZ\te\texon\t101\t{end}\t.\t+\t.\tParent=transcript:T1\n"
        f"chrZ\te\tCDS\t101\t{end}\t.\t+\t0\tID=CDS:P1;Parent=transcript:T1\n"
    )
    pysam.faidx(str(fasta))
    return fasta, gff


def test_bcftools_csq_adds_consequences_from_a_registered_reference(tmp_path):
    fasta, gff = make_reference(tmp_path)
    made = reference.register(fasta, "GRCh38", gff)
    assert reference.registered("GRCh38") == reference.Reference("GRCh38", fasta.resolve(), gff.resolve())
    file = tmp_path / "v.vcf"
    file.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chrZ>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=x>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
        "chrZ\t104\t.\tG\tT\t.\tPASS\t.\tGT\t0/1\nchrZ\t108\t.\tC\tA\t.\tPASS\t.\tGT\t0/1\n"
    )
    added = reference.with_consequences(VariantFile(file, "v.vcf", "GRCh38"), made)
    assert added is not None
    text = added[1].read_text()
    assert "BCSQ=stop_gained|EGFR|T1|protein_coding|+|2E>2*" in text
    assert "BCSQ=missense|EGFR|T1|protein_coding|+|3A>3D" in text
    added[1].unlink()


@pytest.mark.parametrize("name", ["chr21", "21"])
def test_csq_reads_files_whose_contigs_are_named_otherwise_than_the_fasta(tmp_path, monkeypatch, name):
    fasta, gff = make_reference(tmp_path)
    for path in (fasta, gff):
        path.write_text(path.read_text().replace("chrZ", "21"))
    fasta.with_name(fasta.name + ".fai").unlink()
    length = pysam.FastaFile(str(fasta)).lengths[0]
    monkeypatch.setitem(LENGTHS["GRCh38"], "21", length)
    reference.register(fasta, "GRCh38", gff)
    file = tmp_path / "v.vcf"
    file.write_text(
        f"##fileformat=VCFv4.2\n##contig=<ID={name},length={length}>\n"
        "##FORMAT=<ID=GT,Number=1,Type=String,Description=x>\n"
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n{name}\t104\t.\tG\tT\t.\tPASS\t.\tGT\t0/1\n"
    )
    result = call_tool("annotate_variants", {"tumour_type": "nsclc"}, context(file))
    assert [item.consequence.source for item in result.payload.variants] == ["bcftools csq"]
    assert any("consequences by bcftools csq with" in text for text in result.warnings)
    reference.unregister("GRCh38")
    assert reference.registered("GRCh38") is None


def test_gene_models_of_other_sequence_names_are_refused(tmp_path):
    fasta, gff = make_reference(tmp_path)
    gff.write_text(gff.read_text().replace("chrZ", "Z"))
    with pytest.raises(BadInput, match="not those of the FASTA"):
        reference.register(fasta, "GRCh38", gff)


def test_a_reference_of_another_assembly_is_refused(tmp_path):
    fasta = tmp_path / "w.fa"
    fasta.write_text(">chr21\n" + "A" * 1000 + "\n")
    with pytest.raises(BadInput, match="GRCh38"):
        reference.register(fasta, "GRCh38", None)
    with pytest.raises(BadInput, match="FASTA"):
        reference.register(write(tmp_path / "not.fa", []), "GRCh38", None)


CLINVAR_VCF = (
    "##fileformat=VCFv4.1\n##fileDate=2026-10-01\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "7\t55191822\t16609\tT\tG\t.\t.\tGENEINFO=EGFR:1956;CLNSIG=Pathogenic;CLNDN=Lung_cancer|not_provided;"
    "CLNREVSTAT=reviewed_by_expert_panel;CLNHGVS=NC_000007.14:g.55191822T>G\n"
)


def test_an_imported_clinvar_takes_the_place_of_the_bundled_one(tmp_path):
    file = tmp_path / "clinvar.vcf.gz"
    file.write_bytes(gzip.compress(CLINVAR_VCF.encode()))
    made = import_table("clinvar", [file])
    assert (made.release, made.assemblies, made.records, made.bundled) == ("2026-10-01", "GRCh38", 1, False)
    found = variants(tmp_path, [row("7", 55191822, "T", "G")], "")[0]
    assert (found.clinvar.significance, found.clinvar.stars, found.clinvar.release) == ("pathogenic", 3, "2026-10-01")


def test_an_import_that_fails_leaves_the_old_table(tmp_path, own_home):
    good, bad = tmp_path / "good.vcf", tmp_path / "bad.vcf"
    good.write_text(CLINVAR_VCF)
    bad.write_text(CLINVAR_VCF + "7\tnot a position\n")
    import_table("clinvar", [good])
    before = (own_home / "tables" / "clinvar.sqlite").read_bytes()
    with pytest.raises(BadInput, match="line 6"):
        import_table("clinvar", [bad])
    assert (own_home / "tables" / "clinvar.sqlite").read_bytes() == before
    assert [p.name for p in (own_home / "tables").iterdir()] == ["clinvar.sqlite"]


def test_what_a_killed_import_left_is_removed_by_a_later_one_after_a_day(tmp_path, own_home):
    folder, good = own_home / "tables", tmp_path / "good.vcf"
    folder.mkdir(parents=True)
    good.write_text(CLINVAR_VCF)
    old, fresh, other = (folder / f".{name}.sqlite" for name in ("clinvar-old", "clinvar-fresh", "civic-old"))
    for left in (old, fresh, other):
        left.write_bytes(b"half")
    for left in (old, other):
        os.utime(left, (1, 1))
    import_table("clinvar", [good])
    assert sorted(p.name for p in folder.iterdir()) == [".civic-old.sqlite", ".clinvar-fresh.sqlite", "clinvar.sqlite"]


@pytest.mark.parametrize(
    ("kind", "text", "arguments", "error"),
    [
        ("clinvar", "hello", {}, BadInput), ("clinvar", CLINVAR_VCF, {"assembly": "GRCh37"}, BadInput),
        ("clinvar", CLINVAR_VCF.replace("##fileDate=2026-10-01\n", ""), {}, ToolRetry),
        ("clinvar", CLINVAR_VCF.replace("##reference=GRCh38\n", ""), {}, ToolRetry),
        ("clinvar", CLINVAR_VCF.replace("##reference=GRCh38\n", ""), {"assembly": "T2T"}, ToolRetry),
        ("cosmic", "x", {}, ToolRetry), ("cpic", "x", {}, BadInput), ("civic", "x", {"release": "1"}, ToolRetry),
        ("gnomad", "##fileformat=VCFv4.2\n1\t5\t.\tA\tC\t.\t.\tAF=0.1\n", {"release": "4", "assembly": "GRCh37"},
         BadInput),
    ],
)  # fmt: skip
def test_files_that_cannot_be_imported_are_refused(tmp_path, kind, text, arguments, error):
    file = tmp_path / "f.vcf"
    file.write_text(text)
    with pytest.raises(error):
        import_table(kind, [file], **arguments)


def test_a_common_variant_is_ba1_once_gnomad_is_imported(tmp_path):
    file = tmp_path / "g.vcf"
    file.write_text("##fileformat=VCFv4.2\n17\t43057062\t.\tT\tTG\t.\t.\tAC=9;AN=152000;AF=0.09;AF_grpmax=0.2\n")
    import_table("gnomad", [file], "4.1", "GRCh38")
    path = write(tmp_path / "p.vcf", [row("17", 43057062, "T", "TG")])
    found = call_tool("annotate_variants", {}, context(path, origin="germline")).payload.variants[0]
    assert "BA1" in [code.name for code in found.acmg.codes]


def test_the_bundled_tables_cover_the_panel_and_say_their_release():
    assert len(panel_genes()) >= 150
    assert len(acmg_secondary_findings()) == 81
    clinvar, civic = lookup.clinvar_table().release, lookup.civic_table().release
    assert (clinvar.release, civic.release) == ("2016-05", "2021-02")
    assert clinvar.bundled
    assert read_release(imports.BUNDLED / "civic.sqlite").records == 3706


@pytest.mark.shared_data
def test_the_bundled_clinvar_holds_what_the_source_says(shared_data):
    source = shared_data / "genomics" / "clinvar" / "clinvar_2016-05_b37.tsv.gz"
    connection = sqlite3.connect(imports.BUNDLED / "clinvar.sqlite")
    held = {
        (row[0], row[1], row[2], row[3])
        for row in connection.execute("SELECT accession, position37, ref, alt FROM record")
    }
    connection.close()
    genes, wanted = panel_genes(), 0
    with gzip.open(source, "rt") as stream:
        names = stream.readline().rstrip("\n").split("\t")
        for line in stream:
            cells = dict(zip(names, line.rstrip("\n").split("\t"), strict=False))
            if cells["symbol"] in genes and cells["mut"] == "ALT" and cells["clinical_significance"] != "not provided":
                wanted += (int(cells["measureset_id"]), int(cells["pos"]), cells["ref"], cells["alt"]) in held
    assert wanted == len(held)


@pytest.mark.parametrize(
    ("text", "term"),
    [("Pathogenic", "pathogenic"), ("Likely pathogenic;Pathogenic", "likely_pathogenic"),
     ("Benign;Likely benign", "likely_benign"), ("Benign;Pathogenic", "conflicting"),
     ("Pathogenic;Uncertain significance", "conflicting"), ("drug response", "drug_response"),
     ("Pathogenic/Likely_pathogenic", "pathogenic"), ("Conflicting_interpretations_of_pathogenicity", "conflicting"),
     ("risk factor", "risk_factor"), ("Affects", "other")],
)  # fmt: skip
def test_clinvar_words_become_one_term(text, term):
    assert classify_significance(text) == term


@pytest.mark.parametrize(
    ("text", "stars"),
    [("practice guideline", 4), ("reviewed by expert panel", 3),
     ("criteria provided, multiple submitters, no conflicts", 2), ("criteria provided, single submitter", 1),
     ("criteria provided, conflicting interpretations", 1), ("no assertion criteria provided", 0),
     ("no assertion provided", 0)],
)  # fmt: skip
def test_review_status_becomes_stars(text, stars):
    assert review_stars(text) == stars


def test_positions_lift_there_and_back():
    for chromosome, runs in segments().items():
        for run in runs[::50]:
            middle = (run.start + run.end) // 2
            lifted = lift_37_to_38(chromosome, middle)
            if lifted is not None and lift_38_to_37(chromosome, lifted) is not None:
                assert lift_38_to_37(chromosome, lifted) == middle
    assert lift_37_to_38("X", 154000000) is None
    assert lift_37_to_38("MT", 1555) == 1555
    assert lift_37_to_38("9", 136297760) is None
    assert all(len(LENGTHS[name]) == 25 for name in LENGTHS)


def test_the_command_prints_json_and_tables_and_exit_codes(tmp_path, capsys):
    file = write(tmp_path / "t.vcf", [row("7", 55191822, "T", "G")])
    base = [str(file), "--assembly", "hg38", "--somatic", "--tumour-type", "nsclc"]
    assert _run("variants", [*base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["payload"]["variants"][0]["name"] == "EGFR L858R"
    assert _run("variants", [*base, "--tsv"]) == 0
    assert "EGFR L858R\tGRCh38 7:55191822 T>G\tmissense_variant" in capsys.readouterr().out
    assert _run("variants", [str(file)]) == 1
    assert _run("variants", [*base, "--germline"]) == 2
    assert _run("variants", ["nonsense here"]) == 2
    assert _run("variants", ["missing.vcf", "--assembly", "GRCh38"]) == 1
    assert _run("pgx", ["--outside", "CYP2D6=*4/*4", "--drug", "codeine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["genes"][0]["phenotype"] == "Poor Metabolizer"
    assert _run("pgx", ["--outside", "CYP2D6=*9999/*4"]) == 2

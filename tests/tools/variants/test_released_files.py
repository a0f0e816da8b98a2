"""Released files as their publishers write them today, and what is left of a table when an import is killed."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from variant_helpers import context, row, write

from agent.cli import _run
from knowledge.errors import BadInput
from knowledge.tables.build_civic import evidence_row, variant_row
from knowledge.tables.imports import import_table
from knowledge.tables.store import read_release, table_note, user_tables
from tools.registry import call_tool
from tools.variants.acmg_evidence import Frequency, suggest
from tools.variants.lookup import clinvar_table
from tools.variants.model import Consequence

PROFILE = (
    "molecular_profile\tmolecular_profile_id\tdisease\tdoid\ttherapies\ttherapy_interaction_type\tevidence_type\t"
    "evidence_direction\tevidence_level\tsignificance\tcitation_id\tsource_type\trating\tevidence_status\tevidence_id\t"
    "variant_origin\tlast_review_date\n"
)
SUMMARY = (
    "variant_id\tfeature_type\tfeature_name\tvariant\tvariant_aliases\tvariant_types\t"
    "single_variant_molecular_profile_id\tgene\tchromosome\tstart\tstop\treference_bases\tvariant_bases\t"
    "reference_build\thgvs_descriptions\n"
)


def evidence_line(number: int, profile: int, drug: str) -> str:
    return (
        f"some profile\t{profile}\tLung Non-small Cell Carcinoma\t3908\t{drug}\t\tPredictive\tSupports\tA\t"
        f"Sensitivity/Response\t1\tPubMed\t4\taccepted\t{number}\tSomatic\t2026-01-01\n"
    )


def civic_files(folder: Path) -> list[Path]:
    evidence, variants = (
        folder / "01-Nov-2026-ClinicalEvidenceSummaries.tsv",
        folder / "01-Nov-2026-VariantSummaries.tsv",
    )
    evidence.write_text(
        PROFILE + evidence_line(1, 33, "Osimertinib") + evidence_line(2, 5, "Lorlatinib")
        + evidence_line(3, 900, "Amivantamab")
    )  # fmt: skip
    variants.write_text(
        SUMMARY
        + "33\tGene\tEGFR\tL858R\t\tmissense_variant\t33\tEGFR\t7\t55259515\t55259515\tT\tG\tGRCh37\t"
        + "NM_005228.4:c.2573T>G\n"
        + "5\tFusion\tEML4::ALK\tFusion\t\ttranscript_fusion\t5\t\t\t\t\t\t\tGRCh37\t\n"
    )
    return [evidence, variants]


def test_civic_by_molecular_profiles_gives_the_same_answers_and_counts_what_it_leaves_out(tmp_path):
    made = import_table("civic", civic_files(tmp_path), "2026-11-01")
    assert made.records == 2
    assert "1 evidence items on several variants" in table_note(user_tables() / "civic.sqlite")
    arguments = {"variant_texts": ("EGFR L858R", "EML4-ALK"), "origin": "somatic", "tumour_type": "nsclc"}
    found = {v.name: v for v in call_tool("annotate_variants", arguments, context()).payload.variants}
    assert found["EGFR L858R"].therapies[0].drugs == ("Osimertinib",)
    assert found["EML4::ALK fusion"].therapies[0].drugs == ("Lorlatinib",)
    assert {found["EGFR L858R"].tier, found["EML4::ALK fusion"].tier} == {"I_A"}


def test_civic_profiles_without_their_variants_are_refused_and_the_old_table_stays(tmp_path):
    import_table("civic", civic_files(tmp_path), "2026-11-01")
    with pytest.raises(BadInput, match="no variant summaries"):
        import_table("civic", civic_files(tmp_path)[:1], "2026-12-01")
    assert read_release(user_tables() / "civic.sqlite").release == "2026-11-01"


@pytest.mark.parametrize(
    ("name", "gene", "variant"),
    [("EML4::ALK", "ALK", "EML4-ALK"), ("v::ALK", "ALK", "ALK FUSION"), ("NTRK1::v", "NTRK1", "NTRK1 FUSION")],
)
def test_a_fusion_is_filed_under_its_known_partner(name, gene, variant):
    assert variant_row(1, {"feature_name": name, "variant": "Fusion"})[1:3] == (gene, variant)


def test_terms_in_capitals_are_the_same_terms():
    row = {"evidence_id": "1", "disease": "d", "evidence_type": "PREDICTIVE", "evidence_level": "A"}
    row |= {"significance": "SENSITIVITYRESPONSE", "evidence_direction": "DOES_NOT_SUPPORT"}
    made = evidence_row(row, 7)
    assert (made[1], made[4], made[5], made[7]) == (7, "Predictive", "Does Not Support", "Sensitivity/Response")


def clinvar_vcf(path: Path, rows: str) -> Path:
    head = "##fileformat=VCFv4.1\n##fileDate=2026-11-01\n##reference=GRCh38\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    with gzip.open(path, "wt") as stream:
        stream.write(head + rows)
    return path


INFO = "CLNHGVS=NC_000007.14:g.55191822T>G;CLNREVSTAT=reviewed_by_expert_panel;CLNSIG=Pathogenic;GENEINFO=EGFR:1956"


def test_clinvar_s_vcf_gets_the_names_that_it_lacks_and_makes_the_fact_true(tmp_path):
    file = clinvar_vcf(
        tmp_path / "clinvar.vcf.gz", f"7\t55191822\t16609\tT\tG\t.\t.\t{INFO}\n7\t55191000\t5\tA\tC\t.\t.\t{INFO}\n"
    )
    import_table("clinvar", [file])
    assert "1 of 2 records" in table_note(user_tables() / "clinvar.sqlite")
    rows = [row("7", 55191822, "T", "G"), row("7", 55191000, "A", "C")]
    result = call_tool("annotate_variants", {"tumour_type": "nsclc"}, context(write(tmp_path / "t.vcf", rows)))
    found = {item.name: item for item in result.payload.variants}
    assert found["EGFR L858R"].facts == ("biomarker.EGFR.L858R",)
    assert found["EGFR L858R"].clinvar.stars == 3
    assert "EGFR 7:55191000 A>C" in found


def test_a_killed_import_leaves_the_old_table_and_no_half_one_in_use(tmp_path, own_home):
    line = "7\t{}\t{}\tA\tG\t.\t.\t" + INFO + "\n"
    import_table("clinvar", [clinvar_vcf(tmp_path / "old.vcf.gz", line.format(100, 1))])
    big = clinvar_vcf(tmp_path / "new.vcf.gz", "".join(line.format(n, n) for n in range(1, 400_000)))
    code = "import sys, pathlib; from knowledge.tables.imports import import_table as run; "
    code += "run('clinvar', [pathlib.Path(sys.argv[1])], '2027-01')"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(big)], env=os.environ | {"CONSILIUM_HOME": str(own_home)}
    )
    half = user_tables()
    for _ in range(400):
        if any(half.glob(".clinvar-*.sqlite")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert read_release(half / "clinvar.sqlite").release == "2026-11-01"


def test_tables_and_references_can_be_listed_and_given_up(tmp_path, capsys):
    import_table("civic", civic_files(tmp_path), "2026-11-01")
    assert _run("knowledge", ["forget-table", "civic"]) == 0
    assert _run("knowledge", ["forget-table", "civic"]) == 2
    assert _run("knowledge", ["remove-reference", "GRCh38"]) == 2
    assert _run("knowledge", ["tables"]) == 0
    said = capsys.readouterr().out
    assert "2021-02" in said
    assert "cpic" in said


@pytest.mark.parametrize(
    ("coding", "frequency", "alleles", "code"),
    [("c.845G>A", 0.06, 100_000, None), ("c.999A>G", 0.06, 100_000, "BA1"), ("c.999A>G", 0.02, 100_000, "BS1"),
     ("c.999A>G", 0.06, 500, None), ("c.999A>G", 0.004, 100_000, None), ("c.999A>G", 0.0, 100_000, "PM2")],
)  # fmt: skip
def test_frequency_codes_follow_their_cut_offs_and_exceptions(coding, frequency, alleles, code):
    change = Consequence(gene="HFE", hgvs_c=coding, term="synonymous_variant", source="test")
    codes = suggest(clinvar_table(), change, None, Frequency(frequency, None, "4.1", alleles))
    assert [item.name for item in codes if item.name in ("BA1", "BS1", "PM2")] == ([code] if code else [])

"""Variants as written: how they are read, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from variant_helpers import context, golden

from knowledge.errors import ToolRetry
from tools.registry import call_tool
from tools.variants.lookup import clinvar_table
from tools.variants.names import consequence_of, parse_protein, short_protein
from tools.variants.written import canonical_coding, legacy, parse_written


@pytest.mark.parametrize("line", golden("variants_written.tsv"), ids=lambda line: line[0])
def test_a_variant_as_written_is_read(line):
    found = parse_written(line[0])
    place = f"{found.chromosome}:{found.position} {found.ref}>{found.alt}" if found.position else ""
    gene = "" if found.kind == "fusion" and not line[2] else found.gene
    assert [found.kind, gene, found.hgvs_c, found.hgvs_p, place] == line[1:6]


@pytest.mark.parametrize(
    "text",
    ["", "hello world, please sign", "NM_005228.3:c.", "c.76A>", "NM_004006.2:c.76_78delXYZ", "p.Zzz24Cys", "EGFR",
     "chr99:1:A:T", "rs", "NC_000007.13:g.55259515", "g.55259515T>G", "x" * 400,
     "../../etc/passwd",
     "1 1 1",
     "NM_005228.3:c.(2573_2574)del", "<script>alert(1)</script>", "EGFR exon deletion", "c.76-A>T"],
)  # fmt: skip
def test_what_is_no_variant_is_refused_with_examples(text):
    with pytest.raises(ToolRetry, match=r"[Ww]rite|not an? |is not"):
        parse_written(text)


WRITTEN = [line[0] for line in golden("variants_written.tsv")]
SAYS = {
    "coding": "hgvs_c", "protein": "hgvs_p", "genomic": "position", "allele": "alt", "fusion": "gene",
    "amplification": "gene", "exon": "what", "skipping": "exon", "codon": "what", "named": "what", "rsid": "reference",
}  # fmt: skip


@st.composite
def nearly_variants(draw):
    """A variant as written with a piece of it replaced."""
    text = draw(st.sampled_from(WRITTEN))
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    return text[:start] + draw(st.text(max_size=4) | st.text("ACGT019_.:>-+*pcg ", max_size=4)) + text[end:]


def read_or_refused(text):
    try:
        return parse_written(text)
    except ToolRetry as refused:
        return refused


@given(st.text(max_size=60) | nearly_variants())
@example("c.76_78delXYZ")
@example("EGFR L858R")
def test_any_text_is_read_as_what_it_says_or_refused_by_name(text):
    found = read_or_refused(text)
    if isinstance(found, ToolRetry):
        assert str(found).startswith(repr(text))
        return
    assert found.text == text
    if found.kind in ("msi", "tmb"):
        assert (found.marker.high, found.marker.per_mb) != (None, None)
    else:
        assert getattr(found, SAYS[found.kind])


@given(st.sampled_from("ACDEFGHIKLMNPQRSTVWY"), st.integers(1, 4000), st.sampled_from("ACDEFGHIKLMNPQRSTVWY"))
def test_one_and_three_letter_names_of_a_substitution_are_one_change(ref, position, alt):
    from tools.variants.names import THREE_LETTER

    long = f"p.{THREE_LETTER[ref]}{position}{THREE_LETTER[alt]}"
    assert short_protein(long) == f"{ref}{position}{alt}"
    assert parse_protein(long) == parse_protein(f"{ref}{position}{alt}")


def test_legacy_names_agree_with_clinvar_where_it_has_the_change():
    table, found = clinvar_table(), 0
    for gene, coding, protein in legacy().values():
        hits = table.named(gene, coding)
        found += bool(hits)
        for hit in hits:
            assert canonical_coding(hit.hgvs_c) == coding
            if protein and hit.hgvs_p:
                assert short_protein(hit.hgvs_p) == short_protein(protein)
    assert found >= 20


@pytest.mark.parametrize(
    ("coding", "protein", "term"),
    [
        ("c.2573T>G", "p.Leu858Arg", "missense_variant"), ("c.68_69del", "p.Glu23Valfs", "frameshift_variant"),
        ("c.1A>G", "p.Met1Val", "start_lost"), ("c.88+1G>A", "", "splice_donor_variant"),
        ("c.89-2A>G", "", "splice_acceptor_variant"), ("c.89-5T>G", "", "splice_region_variant"),
        ("c.89-50T>G", "", "intron_variant"), ("c.681G>A", "p.Pro227=", "synonymous_variant"),
        ("c.637C>T", "p.Arg213Ter", "stop_gained"), ("c.1521_1523del", "p.Phe508del", "inframe_deletion"),
        ("c.*97G>A", "", "utr_variant"), ("c.76_77insT", "p.Lys23_Leu24insAla", "inframe_insertion"),
    ],
)  # fmt: skip
def test_the_consequence_follows_from_the_name(coding, protein, term):
    assert consequence_of(coding, protein) == term


def texts(*items: str, tumour: str | None = "nsclc", origin: str = "somatic"):
    arguments = {"variant_texts": items, "tumour_type": tumour, "origin": origin}
    return call_tool("annotate_variants", arguments, context()).payload


@pytest.mark.parametrize(
    ("text", "drug", "effect"),
    [
        ("EGFR L858R", "Erlotinib", "sensitivity"), ("EGFR T790M", "Osimertinib", "sensitivity"),
        ("EGFR exon 19 deletion", "Afatinib", "sensitivity"), ("EML4::ALK", "Crizotinib", "sensitivity"),
        ("MET exon 14 skipping", "Crizotinib", "sensitivity"), ("EGFR C797S", "Osimertinib", "resistance"),
        ("rs121434568", "Erlotinib", "sensitivity"),
    ],
)  # fmt: skip
def test_therapy_evidence_for_variants_as_written(text, drug, effect):
    found = texts(text).variants[0]
    assert any(drug in item.drugs and item.effect == effect and item.same_disease == "same" for item in found.therapies)


@pytest.mark.parametrize(
    ("text", "tumour", "drug"),
    [("FLT3-ITD", "aml", "Sorafenib"), ("KIT exon 11 mutation", "gist", "Imatinib")],
)
def test_classes_as_written_find_the_evidence_of_that_class(text, tumour, drug):
    found = texts(text, tumour=tumour).variants[0]
    assert any(drug in item.drugs and item.same_disease == "same" for item in found.therapies)


def test_a_protein_accession_says_its_gene():
    assert texts("NP_004324.2:p.Val600Glu", tumour="melanoma").variants[0].name == "BRAF V600E"


def test_without_a_tumour_type_the_strongest_evidence_comes_first():
    levels = [item.level for item in texts("BRAF V600E", tumour=None).variants[0].therapies]
    assert levels == sorted(levels)
    assert levels[0] == "A"


def test_texts_never_make_patient_facts_true():
    payload = texts("EGFR L858R", "BRCA1 5382insC")
    assert all(not found.facts for found in payload.variants)


def test_a_position_without_an_assembly_is_refused():
    with pytest.raises(ToolRetry, match="assembly"):
        texts("chr7:55191822:T:G")


@pytest.mark.parametrize("text", ["chr7:g.140453136A>T", "7-140453136-A-T"])
def test_a_position_is_read_on_the_assembly_that_is_named(text):
    arguments = {"variant_texts": (text,), "tumour_type": "melanoma", "assembly": "GRCh37"}
    assert call_tool("annotate_variants", arguments, context()).payload.variants[0].name == "BRAF V600E"


def test_a_refseq_chromosome_says_its_assembly():
    assert texts("NC_000007.13:g.55259515T>G").variants[0].name == "EGFR L858R"
    assert texts("NC_000007.14:g.55191822T>G").variants[0].name == "EGFR L858R"


@pytest.mark.parametrize(
    ("rsid", "old"),
    [("rs6025", "factor V Leiden"), ("rs80359550", "BRCA2 6174delT"), ("rs80357906", "BRCA1 5382insC"),
     ("rs555607708", "CHEK2 1100delC"), ("rs113993960", "CFTR deltaF508"), ("rs1801133", "MTHFR C677T")],
)  # fmt: skip
def test_an_rsid_is_the_change_that_its_everyday_name_says(rsid, old):
    one, two = parse_written(rsid), parse_written(old)
    assert (one.gene, one.hgvs_c or one.hgvs_p) == (two.gene, two.hgvs_c or two.hgvs_p)


def test_the_rsids_that_a_table_names_have_the_change_of_that_table():
    from tools.variants.lookup import civic_protein, civic_table
    from tools.variants.rsids import pharmacogene

    held = {alias: variant for variant in civic_table().variants.values() for alias in variant.aliases}
    assert (held["RS1801133"].gene, civic_protein(held["RS1801133"])) == ("MTHFR", "A222V")
    assert parse_written("rs1801133").hgvs_p in ("", "p.Ala222Val")
    assert held["RS555607708"].name.upper().startswith("1100DEL")
    assert pharmacogene("rs6025").gene == parse_written("rs6025").gene == "F5"

"""bcftools csq over genes of three exons on either strand, against a translation by Biopython."""

from __future__ import annotations

import random

import pysam
import pytest
from Bio.Seq import Seq

from tools.variants import reference
from tools.variants.consequences import in_file
from tools.variants.reading import ReadingReport, VariantFile, parse_record

EXONS = {"+": ((301, 390), (501, 585), (701, 795)), "-": ((1301, 1395), (1501, 1580), (1701, 1795))}
GENES = {"+": "FORTH", "-": "BACK"}
PAIR = {"A": "G", "C": "T", "G": "A", "T": "C"}


def spliced(sequence, strand):
    coding = "".join(sequence[first - 1 : last] for first, last in EXONS[strand])
    return str(Seq(coding).reverse_complement()) if strand == "-" else coding


def make_genome(folder):
    """A chromosome whose two genes have open reading frames with GT…AG introns, and its FASTA and GFF3."""
    chance = random.Random(5)
    bases = [chance.choice("ACGT") for _ in range(2200)]
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in ("TAA", "TAG", "TGA")]
    lines = ["##gff-version 3"]
    for strand, exons in EXONS.items():
        coding = "ATG" + "".join(chance.choice(codons) for _ in range(88)) + "TAA"
        letters = iter(coding if strand == "+" else str(Seq(coding).reverse_complement()))
        gene, low, high = GENES[strand], exons[0][0], exons[-1][1]
        lines += [
            f"chrZ\te\tgene\t{low}\t{high}\t.\t{strand}\t.\tID=gene:{gene};Name={gene};biotype=protein_coding",
            f"chrZ\te\tmRNA\t{low}\t{high}\t.\t{strand}\t.\tID=transcript:T{gene};Parent=gene:{gene};biotype=protein_coding",
        ]
        done, parts = 0, []
        for first, last in exons if strand == "+" else exons[::-1]:
            parts.append((first, last, -done % 3))
            done += last - first + 1
        for first, last in exons:
            for place in range(first, last + 1):
                bases[place - 1] = next(letters)
            before, after = ("AG", "GT") if strand == "+" else ("AC", "CT")
            bases[first - 3 : first - 1], bases[last : last + 2] = before, after
        for first, last, phase in sorted(parts):
            lines.append(f"chrZ\te\texon\t{first}\t{last}\t.\t{strand}\t.\tParent=transcript:T{gene}")
            lines.append(
                f"chrZ\te\tCDS\t{first}\t{last}\t.\t{strand}\t{phase}\tID=CDS:{gene};Parent=transcript:T{gene}"
            )
    fasta, gff = folder / "g.fa", folder / "g.gff3"
    fasta.write_text(f">chrZ\n{''.join(bases)}\n")
    gff.write_text("\n".join(lines) + "\n")
    pysam.faidx(str(fasta))
    return fasta, gff, "".join(bases)


def consequences(folder, alleles):
    """The consequence of each (position, ref, alt) with the genome registered."""
    fasta, gff, _ = make_genome(folder)
    made = reference.register(fasta, "GRCh38", gff)
    file = folder / "v.vcf"
    rows = "".join(f"chrZ\t{place}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t0/1\n" for place, ref, alt in alleles)
    file.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chrZ>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=x>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n" + rows
    )
    added = reference.with_consequences(VariantFile(file, "v.vcf", "GRCh38"), made)
    assert added is not None
    found = {}
    for line in added[1].read_text().splitlines():
        if line.startswith("#"):
            continue
        record = parse_record(line.replace("chrZ", "chr1", 1).encode(), 1, 1, 0, ReadingReport())
        found[record.position] = in_file(record, record.alts[0], {}, {})
    added[1].unlink()
    return found


@pytest.mark.parametrize("strand", ["+", "-"])
def test_each_exon_of_a_gene_is_translated_in_frame(tmp_path, strand):
    _, _, sequence = make_genome(tmp_path)
    places = [place for first, last in EXONS[strand] for place in (*range(first + 4, last - 4, 9), first, last)]
    found = consequences(tmp_path, [(p, sequence[p - 1], PAIR[sequence[p - 1]]) for p in sorted(places)])
    protein = str(Seq(spliced(sequence, strand)).translate())
    seen = set()
    for place in sorted(places):
        changed = sequence[: place - 1] + PAIR[sequence[place - 1]] + sequence[place:]
        other = str(Seq(spliced(changed, strand)).translate())
        differing = [k for k, (a, b) in enumerate(zip(protein, other, strict=True)) if a != b]
        consequence = found[place]
        assert consequence.gene == GENES[strand]
        if not differing:
            assert consequence.term in ("synonymous_variant", "splice_region_variant")
            continue
        k = differing[0]
        if protein[k] == "*" or k == 0:
            assert consequence.term in ("stop_lost", "start_lost")
            continue
        expected = "stop_gained" if other[k] == "*" else "missense_variant"
        seen.add(expected)
        assert consequence.term == expected
        assert consequence.hgvs_p == f"p.{protein[k]}{k + 1}{other[k]}"
    assert "missense_variant" in seen


@pytest.mark.parametrize(
    ("place", "term"),
    [
        (391, "splice_donor_variant"), (500, "splice_acceptor_variant"), (586, "splice_donor_variant"),
        (1396, "splice_acceptor_variant"), (1500, "splice_donor_variant"), (1700, "splice_donor_variant"),
        (450, "intron_variant"), (1450, "intron_variant"),
    ],
)  # fmt: skip
def test_the_two_ends_of_an_intron_follow_the_strand(tmp_path, place, term):
    _, _, sequence = make_genome(tmp_path)
    found = consequences(tmp_path, [(place, sequence[place - 1], PAIR[sequence[place - 1]])])
    assert found[place] is not None
    assert found[place].term == term


@pytest.mark.parametrize(("place", "gone", "term"), [(320, 1, "frameshift_variant"), (1320, 3, "inframe_deletion")])
def test_deletions_keep_or_shift_the_frame(tmp_path, place, gone, term):
    _, _, sequence = make_genome(tmp_path)
    found = consequences(tmp_path, [(place, sequence[place - 1 : place + gone], sequence[place - 1])])
    assert found[place].term == term

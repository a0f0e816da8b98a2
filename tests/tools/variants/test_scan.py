"""The quick scan picks every record that a plain reading of the lines would pick."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variant_helpers import context, row, write

from knowledge.tables.chromosomes import LENGTHS, chromosome_name
from tools.registry import call_tool
from tools.variants.scan import make_look, names_gene, pick

NEAR = {"7": frozenset({100, 5000, 55191822}), "X": frozenset({77})}


def plain(line: str) -> bool:
    """Whether a line must be picked, written without NumPy."""
    cells = line.split("\t")
    if len(cells) != 10 or chromosome_name(cells[0]) is None or not cells[1].isdigit():
        return True
    name, position = chromosome_name(cells[0]), int(cells[1])
    if not 1 <= position <= LENGTHS["GRCh38"][name]:
        return True
    odd = len(cells[3]) != 1 or cells[3] not in "ACGTNacgtn" or cells[4][:1] == "<"
    odd = odd or "[" in line or "]" in line
    return odd or position in NEAR.get(name, ())


cells = st.sampled_from(
    [row("7", 100, "A", "C"), row("7", 101, "A", "C"), row("X", 77, "A", "C"), row("1", 77, "A", "C"),
     row("7", 5000, "AC", "A"), row("7", 4999, "ACG", "A"), row("7", 10**9, "A", "C"), row("7", 0, "A", "C"),
     row("7", 9, "A", "<DEL>"), row("7", 9, "A", "A]chr2:5]"), "chr7\t5\n", "\n", row("Un_K", 5, "A", "C"),
     row("7", 9, "Q", "C"), "x" * 50 + "\n", row("MT", 5, "A", "C"), row("7", 55191822, "T", "G", info="A|B"),
     row("7", 9, "A", "C").replace("\t9\t", "\tnine\t"), row("7", 8, "A", "C", info="D\x00P\x08"),
     row("7", 8, "A", "C").replace("\t8\t", "\t\t"), row("7", 8, "A", "C").replace("chr7\t", "\t"),
     row("7", 12345678901, "A", "C"), row("Un_KI270302v1_decoy", 5, "A", "C"), row("12", 9, "A", "C")]
)  # fmt: skip


@given(st.lists(cells, min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_the_scan_picks_what_a_plain_reading_picks(lines):
    look = make_look(NEAR, "GRCh38", 1, annotated=False, wide=False)
    count, picked = pick("".join(lines).encode(), look)
    assert count == len(lines)
    wanted = [i for i, line in enumerate(lines) if plain(line.rstrip("\n"))]
    assert [index for index, *_ in picked] == wanted
    assert all(raw.decode() + "\n" == lines[index] for index, raw, _ in picked)


def test_annotations_and_near_indels_are_picked_when_asked_for():
    lines = [row("7", 3000, "A", "C", info="CSQ=a|b"), row("7", 5100, "A", "AT"), row("7", 900_000, "A", "AT")]
    chunk = "".join(lines).encode()
    assert [i for i, *_ in pick(chunk, make_look(NEAR, "GRCh38", 1, annotated=True, wide=False))[1]] == [0]
    assert [i for i, *_ in pick(chunk, make_look(NEAR, "GRCh38", 1, annotated=False, wide=True))[1]] == [1]


def test_many_random_positions_are_told_apart():
    chance = random.Random(3)
    positions = sorted(chance.sample(range(1, 10_000_000), 20_000))
    wanted = set(chance.sample(positions, 500))
    look = make_look({"3": frozenset(wanted)}, "GRCh38", 1, annotated=False, wide=False)
    _, picked = pick("".join(row("3", p, "A", "C") for p in positions).encode(), look)
    assert [positions[index] for index, *_ in picked] == sorted(wanted)


COLUMNS = {b"CSQ=": 3, b"ANN=": 3, b"BCSQ=": 1}


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (b"DP=3;CSQ=T|missense_variant|MODERATE|EGFR|ENSG1", True),
        (b"CSQ=T|intron_variant|MODIFIER|OTHER|E,T|missense_variant|MODERATE|EGFR|E;DP=3", True),
        (b"CSQ=T|intron_variant|MODIFIER|EGFR-AS1|E", False),
        (b"ANN=T|gene_fusion|HIGH|EML4&ALK|E", True),
        (b"BCSQ=missense|EGFR|ENST1|protein_coding", True),
        (b"BCSQ=@55191822", False),
        (b"CSQ=T|x|y|OTHER|E;NOTE=a|b|c|EGFR|", False),
        (b"DP=3", False),
        (b"CSQ=", False),
    ],
)
def test_an_annotation_is_looked_through_for_the_genes_that_matter(info, expected):
    line = b"\t".join([b"chr7", b"5", b".", b"A", b"T", b"50", b"PASS", info, b"GT", b"0/1"])
    assert names_gene(line, COLUMNS, frozenset({b"EGFR", b"ALK"})) == expected
    assert names_gene(info, COLUMNS, frozenset({b"EGFR", b"ALK"})) == expected


def test_of_annotated_lines_those_with_a_gene_between_bars_are_picked():
    infos = [
        "CSQ=T|x|EGFR|y",
        "CSQ=T|x|EGFRX|y",
        "CSQ=T|x|GFR|y",
        "CSQ=T|EGFR",
        "CSQ=||||",
        "CSQ=T|x|OR,T|x|TP53|",
        ".",
    ]
    chunk = "".join(row("7", 9000 + n, "A", "T", info=info) for n, info in enumerate(infos)).encode()
    genes = frozenset({b"EGFR", b"TP53"})
    look = make_look(NEAR, "GRCh38", 1, annotated=True, wide=False, genes=genes)
    assert [(i, certain) for i, _, certain in pick(chunk, look)[1]] == [(0, False), (5, False)]
    none = make_look(NEAR, "GRCh38", 1, annotated=True, wide=False, genes=frozenset())
    assert pick(chunk, none)[1] == []
    odd = make_look(NEAR, "GRCh38", 1, annotated=True, wide=False, genes=genes | {b"x"})
    assert [i for i, *_ in pick(chunk, odd)[1]] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("origin", ["somatic", "germline"])
def test_passing_over_other_genes_loses_no_variant(tmp_path, monkeypatch, origin):
    chance = random.Random(8)
    genes = ["EGFR", "TP53", "BRCA1", "MYH7", "KDR", "NOTAGENE", "OR4F5", "TTN", "HFE", ""]
    terms = ["missense_variant", "stop_gained", "frameshift_variant", "intron_variant", "synonymous_variant"]
    lines = [
        row(
            str(chance.randint(1, 22)), chance.randint(10_000, 40_000_000), "A", chance.choice(["T", "AG"]),
            info=f"CSQ=T|{chance.choice(terms)}|{chance.choice(genes)}|c.{n}A>T|p.Lys{n}Glu",
        )
        for n in range(1, 400)
    ]  # fmt: skip
    extra = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|HGVSc|HGVSp">\n'
    file = write(tmp_path / "a.vcf", lines, extra=extra)

    def found():
        payload = call_tool("annotate_variants", {}, context(file, origin=origin)).payload
        return payload.variants, payload.files[0].records

    few = found()
    monkeypatch.setattr("tools.variants.consequences.between_bars", lambda *_: False)
    monkeypatch.setattr("tools.variants.annotate.names_gene", lambda *_: True)
    assert few == found()
    assert len(few[0]) > 50
    assert few[1] == len(lines)


def test_the_genes_that_matter_are_symbols_so_that_others_are_passed_over_quickly(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("tools.variants.annotate.make_look", lambda *given: seen.append(make_look(*given)) or seen[0])
    extra = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|HGVSc|HGVSp">\n'
    lines = [
        row("7", 10_000, "A", "T", info="CSQ=T|stop_gained|OR4F5||"),
        row("7", 10_001, "A", "T", info="CSQ=T||TTN||"),
    ]
    call_tool("annotate_variants", {}, context(write(tmp_path / "a.vcf", lines, extra=extra)))
    assert len(seen[0].genes) > 400
    assert [i for i, *_ in pick("".join(lines).encode(), seen[0])[1]] == [1]

"""Left-alignment against bcftools norm, an independent implementation."""

from __future__ import annotations

import random
from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.variants.normalise import left_align, trim

SEQUENCE_LENGTH = 400


def repetitive(seed: int) -> str:
    """A sequence with many short repeats, where alignment is ambiguous."""
    chance, made = random.Random(seed), ""
    while len(made) < SEQUENCE_LENGTH:
        made += "".join(chance.choice("ACGT") for _ in range(chance.randint(1, 3))) * chance.randint(1, 6)
    return made[:SEQUENCE_LENGTH]


def random_alleles(sequence: str, seed: int, count: int) -> list[tuple[int, str, str]]:
    chance, found = random.Random(seed), []
    while len(found) < count:
        position, length = chance.randint(2, SEQUENCE_LENGTH - 40), chance.randint(1, 12)
        ref = sequence[position - 1 : position - 1 + length]
        kind = chance.choice(["substitution", "deletion", "insertion", "complex"])
        alt = {
            "substitution": ref[:-1] + chance.choice("ACGT"),
            "deletion": ref[: chance.randint(1, length)],
            "insertion": ref + sequence[position - 1 + length : position + length + chance.randint(0, 6)],
            "complex": "".join(chance.choice("ACGT") for _ in range(chance.randint(1, 6))),
        }[kind]
        if alt != ref:
            found.append((position, ref, alt))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_normal_forms_are_those_of_bcftools_norm(tmp_path: Path, seed: int) -> None:
    sequence = repetitive(seed)
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">1\n{sequence}\n")
    pysam.faidx(str(fasta))
    alleles = random_alleles(sequence, seed, 150)
    source = tmp_path / "in.vcf"
    lines = [f"1\t{p}\tv{i}\t{ref}\t{alt}\t.\t.\t.\n" for i, (p, ref, alt) in enumerate(alleles)]
    source.write_text(
        f"##fileformat=VCFv4.2\n##contig=<ID=1,length={SEQUENCE_LENGTH}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        + "".join(lines)
    )
    said = pysam.bcftools.norm("-f", str(fasta), str(source))
    theirs = {}
    for line in said.splitlines():
        if not line.startswith("#"):
            _, position, name, ref, alt, *_ = line.split("\t")
            theirs[name] = (int(position), ref, alt)
    ours = {f"v{i}": left_align(p, ref, alt, lambda q: sequence[q - 1]) for i, (p, ref, alt) in enumerate(alleles)}
    assert len(theirs) == len(alleles)
    assert ours == theirs


@given(st.text("ACGT", min_size=1, max_size=12), st.text("ACGT", min_size=1, max_size=12), st.integers(1, 10**8))
def test_trimming_keeps_the_change_and_leaves_no_shared_end(ref, alt, position):
    where, short_ref, short_alt = trim(position, ref, alt)
    cut = where - position
    assert ref[:cut] == alt[:cut]
    left = len(ref) - cut - len(short_ref)
    assert ref == ref[:cut] + short_ref + ref[len(ref) - left :]
    assert alt == alt[:cut] + short_alt + ref[len(ref) - left :]
    if min(len(short_ref), len(short_alt)) > 1 and ref != alt:
        assert short_ref[0] != short_alt[0]
        assert short_ref[-1] != short_alt[-1]

"""Polygenic scores: a PGS-Catalog scoring file applied to one sample of a VCF.

Format of the scoring file: PGS Catalog, scoring file format 2.0 (Lambert SA et al. Nat Genet 2021;53:420-425, doi
10.1038/s41588-021-00783-5). The score is the sum over variants of weight times number of effect alleles. Nothing is
imputed: variants that the file does not call are counted as missing, and the score is refused below a share of
matched variants. Ambiguous A/T and C/G variants are used only where reference and alternative agree by letter with
the scoring file's alleles, as both are on the plus strand of the same assembly.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO, cast

from knowledge.errors import BadInput, ToolFailed
from tools.evidence import Record

Assembly = Literal["GRCh37", "GRCh38"]
_BUILDS: dict[str, Assembly] = {"GRCH37": "GRCh37", "HG19": "GRCh37", "GRCH38": "GRCh38", "HG38": "GRCh38"}
LEAST_MATCHED = 0.75
MOST_VARIANTS = 20_000_000


@dataclass(frozen=True)
class Weight:
    """One line of a scoring file."""

    effect: str
    other: str | None
    weight: float
    dominant: bool = False
    recessive: bool = False


@dataclass
class ScoringFile:
    """A PGS-Catalog scoring file by position: (chromosome, 1-based position) -> weights."""

    identifier: str
    name: str
    trait: str
    assembly: Assembly
    weights: dict[tuple[str, int], list[Weight]] = field(default_factory=dict)
    variants: int = 0


class PolygenicScore(Record):
    """The score of one sample, and how much of the scoring file it rests on."""

    identifier: str
    name: str
    trait: str
    assembly: Assembly
    sample: str
    score: float
    variants: int
    matched: int
    missing: int
    mismatched: int


def read_scoring_file(path: Path, name: str) -> ScoringFile:
    """Read a PGS-Catalog scoring file (.txt or .txt.gz), harmonised or not.

    Raises:
        BadInput: the header or a line does not fit the format; the line is named.
    """
    try:
        with _open(path) as stream:
            return _read(stream, name)
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise BadInput(name, "the whole file", f"it cannot be read ({type(error).__name__})", "UTF-8 text") from None


def _open(path: Path) -> TextIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast("TextIO", gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8"))


def _read(stream: TextIO, name: str) -> ScoringFile:
    header: dict[str, str] = {}
    columns: list[str] = []
    made: ScoringFile | None = None
    for number, line in enumerate(stream, 1):
        text = line.rstrip("\r\n")
        if text.startswith("#"):
            key, separator, value = text.lstrip("#").partition("=")
            if separator:
                header[key.strip()] = value.strip()
        elif not columns:
            columns = text.split("\t")
            made = _start(header, columns, name, number)
        elif text:
            assert made is not None
            _add(made, dict(zip(columns, text.split("\t"), strict=False)), name, number)
            if made.variants > MOST_VARIANTS:
                raise BadInput(name, f"line {number}", "it has too many variants", f"at most {MOST_VARIANTS}")
    if made is None or not made.weights:
        raise BadInput(name, "the whole file", "it holds no variants", "a PGS-Catalog scoring file")
    return made


def _start(header: dict[str, str], columns: list[str], name: str, number: int) -> ScoringFile:
    harmonised = "hm_chr" in columns
    build = header.get("HmPOS_build" if harmonised else "genome_build", "").upper()
    if build not in _BUILDS:
        raise BadInput(name, "the header", f"its genome build is {build or 'not named'}", "GRCh37 or GRCh38")
    needed = {"effect_allele", "effect_weight"} | ({"hm_chr", "hm_pos"} if harmonised else {"chr_name", "chr_position"})
    if missing := sorted(needed - set(columns)):
        raise BadInput(name, f"line {number}", f"it has no column {missing[0]}", ", ".join(sorted(needed)))
    trait = header.get("trait_reported", header.get("trait_mapped", ""))
    return ScoringFile(header.get("pgs_id", ""), header.get("pgs_name", ""), trait, _BUILDS[build])


def _add(made: ScoringFile, row: dict[str, str], name: str, number: int) -> None:
    made.variants += 1
    chromosome = (row.get("hm_chr") or row.get("chr_name") or "").removeprefix("chr")
    position = row.get("hm_pos") or row.get("chr_position") or ""
    if "hm_pos" in row and not row["hm_pos"]:
        return  # not placed on this assembly by the catalog; it counts as missing
    try:
        weight = float(row["effect_weight"])
        place = int(position)
    except (KeyError, ValueError):
        raise BadInput(name, f"line {number}", "its position or weight is not a number", "numbers") from None
    if not math.isfinite(weight):
        raise BadInput(name, f"line {number}", "its weight is not finite", "a finite number")
    effect = row["effect_allele"].upper()
    other = (row.get("other_allele") or row.get("hm_inferOtherAllele") or "").upper() or None
    entry = Weight(
        effect,
        other,
        weight,
        row.get("is_dominant", "").casefold() == "true",
        row.get("is_recessive", "").casefold() == "true",
    )
    made.weights.setdefault((chromosome, place), []).append(entry)


def score_sample(
    scoring: ScoringFile, vcf: Path, name: str, assembly: Assembly, sample: str | None = None
) -> PolygenicScore:
    """Apply a scoring file to one sample.

    Raises:
        BadInput: the VCF cannot be read, or the sample is not in it.
        ToolFailed: assemblies differ, or too few variants match for the score to mean anything.
    """
    from tools.variants.reading import VariantFile

    if assembly != scoring.assembly:
        raise ToolFailed(f"The scoring file is on {scoring.assembly} and the variants are on {assembly}.")
    file = VariantFile(vcf, name, assembly)
    index = file.sample_index(sample)
    if index is None:
        raise BadInput(name, "the #CHROM line", "it has no sample", "a VCF with genotypes")
    total, matched, mismatched = 0.0, 0, 0
    seen: set[tuple[str, int, str]] = set()
    for chromosome, position, ref, alts, alleles in _calls(file, index, scoring):
        for weight in scoring.weights[(chromosome, position)]:
            key = (chromosome, position, weight.effect)
            if key in seen:
                continue
            copies = _copies(weight, ref, alts, alleles)
            if copies is None:
                mismatched += 1
                continue
            seen.add(key)
            matched += 1
            total += weight.weight * copies
    if matched < LEAST_MATCHED * scoring.variants:
        which = scoring.identifier or "the scoring file"
        raise ToolFailed(
            f"Only {matched} of {scoring.variants} variants of {which} are called in {name}; at least "
            f"{LEAST_MATCHED:.0%} are needed. Use a file that holds reference calls or imputed genotypes."
        )
    return PolygenicScore(
        identifier=scoring.identifier,
        name=scoring.name,
        trait=scoring.trait,
        assembly=assembly,
        sample=file.header.samples[index],
        score=total,
        variants=scoring.variants,
        matched=matched,
        missing=scoring.variants - matched,
        mismatched=mismatched,
    )


def _copies(weight: Weight, ref: str, alts: tuple[str, ...], alleles: tuple[int, ...]) -> float | None:
    """Number of effect alleles (as the inheritance of the weight counts them); None where the alleles do not fit."""
    letters = (ref, *alts)
    if weight.effect not in letters and not (weight.other == ref and not alts):
        if weight.other != ref:
            return None
        return 0.0  # the effect allele is another alternative than the ones called: none is carried
    if weight.other is not None and weight.other not in letters and weight.effect != ref:
        return None
    copies = sum(letters[a] == weight.effect for a in alleles)
    if weight.dominant:
        return float(copies > 0)
    if weight.recessive:
        return float(copies == 2)
    return float(copies)


_Call = tuple[str, int, str, tuple[str, ...], tuple[int, ...]]


def _calls(file: object, index: int, scoring: ScoringFile) -> Iterator[_Call]:
    """Fully called genotypes at positions of the scoring file: chromosome, position, ref, alts, allele numbers."""
    from tools.variants.reading import ReadingReport, VariantFile, parse_record

    assert isinstance(file, VariantFile)
    report = ReadingReport()
    samples = len(file.header.samples)
    for first, lines in file.blocks():
        for offset, raw in enumerate(lines):
            parts = raw.split(b"\t", 2)
            if len(parts) < 3 or not parts[1].isdigit():
                continue
            chromosome = parts[0].decode("ascii", "replace").removeprefix("chr")
            if (chromosome, int(parts[1])) not in scoring.weights:
                continue
            record = parse_record(raw, first + offset, samples, index, report)
            if record is None or record.genotype is None or any(a is None for a in record.genotype.alleles):
                continue
            alts = tuple(a for a in record.alts if a not in (".", "<NON_REF>", "<*>"))
            called = tuple(a for a in record.genotype.alleles if a is not None)
            if called and max(called) <= len(alts):
                yield chromosome, int(parts[1]), record.ref, alts, called

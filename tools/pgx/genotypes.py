"""What a VCF says at the positions of the allele definitions, and where it says nothing.

A position counts as read when a record of the sample covers it: a variant record, a reference call, or a block of a
genomic VCF (`END=`). Everything else is missing; missing is not the reference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from knowledge.errors import ToolFailed
from knowledge.tables.liftover import lift_38_to_37
from tools.pgx.definitions import Gene, Position
from tools.variants.normalise import trim
from tools.variants.reading import ReadingReport, VariantFile, VcfLine, parse_record

REFERENCE_BLOCKS = ("<NON_REF>", "<*>", ".")
SPANNING = ("*", "<*>", "<NON_REF>")
"""Alleles that say only that another record deletes the base: the definitions hold the reference there."""


@dataclass(frozen=True)
class Observed:
    """The alleles of a sample at one position, in file order, with phase."""

    alleles: tuple[str, ...]
    phased: bool = False
    phase_set: str | None = None
    line: int = 0


@dataclass
class Sites:
    """Genotypes by (gene, index of position), and the places where the file contradicts the definition."""

    observed: dict[str, dict[int, Observed]] = field(default_factory=dict)
    unknown_alleles: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    report: ReadingReport = field(default_factory=ReadingReport)
    first_line: dict[str, VcfLine] = field(default_factory=dict)


class _Wanted:
    """Positions by chromosome on the assembly of the file, for a fast first look."""

    def __init__(self, genes: Iterable[Gene], assembly: str) -> None:
        self.by_place: dict[str, dict[int, list[tuple[Gene, int]]]] = defaultdict(lambda: defaultdict(list))
        self.assembly = assembly
        for gene in genes:
            for index, position in enumerate(gene.positions):
                place: int | None = position.position
                if assembly == "GRCh37":
                    place = lift_38_to_37(gene.chromosome, position.position)
                if place is not None:
                    self.by_place[gene.chromosome][place].append((gene, index))
        self.span = {c: (min(p), max(p)) for c, p in self.by_place.items()}


def read_sites(file: VariantFile, genes: Iterable[Gene], sample: str | None) -> Sites:
    """Genotypes of one sample at all positions of `genes`.

    Raises:
        BadInput: the file has several samples and none was named, or is damaged.
        ToolFailed: the file has no sample.
    """
    wanted, sites = _Wanted(genes, file.assembly), Sites()
    index = file.sample_index(sample)
    if index is None:
        raise ToolFailed(f"{file.name} lists variants but no sample's genotypes, so no diplotype can be called.")
    count = len(file.header.samples)
    names = {name.encode(): chromosome for chromosome in wanted.span for name in _spellings(chromosome)}
    for first, lines in file.blocks():
        for number, raw in enumerate(lines, start=first):
            head = raw.split(b"\t", 2)
            chromosome = names.get(head[0])
            if chromosome is None or len(head) < 3 or not head[1].isdigit():
                continue
            start = int(head[1])
            low, high = wanted.span[chromosome]
            if start > high or (start + 1000 < low and b"END=" not in raw):
                continue
            record = parse_record(raw, number, count, index, sites.report)
            if record is not None and record.genotype is not None:
                _take(record, wanted, sites)
    return sites


def _spellings(chromosome: str) -> tuple[str, ...]:
    return (chromosome, f"chr{chromosome}") + (("chrM", "M") if chromosome == "MT" else ())


def _take(record: VcfLine, wanted: _Wanted, sites: Sites) -> None:
    places = wanted.by_place[record.chromosome]
    is_block = all(alt in REFERENCE_BLOCKS for alt in record.alts)
    if record.position in places:
        for gene, index in places[record.position]:
            _observe(record, gene, index, sites)
    end_text = record.info_value("END")
    if is_block and end_text and end_text.isdigit() and wanted.assembly == "GRCh38":
        for place in places:
            if record.position < place <= int(end_text):
                for gene, index in places[place]:
                    _observe_block(record, gene, index, sites)


def _observe_block(record: VcfLine, gene: Gene, index: int, sites: Sites) -> None:
    numbers = record.genotype.alleles if record.genotype else ()
    if numbers and all(number == 0 for number in numbers):
        held = sites.observed.setdefault(gene.name, {})
        held.setdefault(index, Observed((gene.positions[index].ref,) * len(numbers), line=record.line))


def _observe(record: VcfLine, gene: Gene, index: int, sites: Sites) -> None:
    genotype = record.genotype
    position = gene.positions[index]
    if genotype is None or any(number is None for number in genotype.alleles):
        return
    numbers = [number for number in genotype.alleles if number is not None]
    if max(numbers) > len(record.alts):
        sites.report.bad(record.line, "GT names an allele that ALT does not have")
        return
    alleles = [_as_defined(record, number, position) for number in numbers]
    known = tuple(allele for allele in alleles if allele is not None)
    if len(known) < len(alleles):
        written = "/".join(record.ref if number == 0 else record.alts[number - 1] for number in numbers)
        sites.unknown_alleles[gene.name].append(f"{position.label} {written[:60]}")
        return
    held = sites.observed.setdefault(gene.name, {})
    if index not in held or any(allele != position.ref for allele in known):
        held[index] = Observed(known, genotype.phased, genotype.phase_set, record.line)
        sites.first_line.setdefault(gene.name, record)


def _as_defined(record: VcfLine, number: int, position: Position) -> str | None:
    """The allele in the words of the definition, or None where the definition does not know it.

    Substitutions are compared by base, because the reference base of the other assembly may be the variant.
    """
    written = record.ref if number == 0 else record.alts[number - 1].upper()
    if len(position.ref) == 1 and all(len(alt) == 1 for alt in position.alts):
        base = trim(record.position, record.ref, written)[2] if number and len(record.ref) > 1 else written[:1]
        if number and len(written) != len(record.ref):
            return position.ref if written in SPANNING else None
        return base if base == position.ref or base in position.alts else None
    if number == 0:
        return position.ref if record.ref[0] == position.ref[0] else None
    if written in SPANNING:
        return position.ref
    found = trim(0, record.ref, written)
    return next((alt for alt in position.alts if trim(0, position.ref, alt) == found), None)


def phase_blocks(observed: Mapping[int, Observed]) -> dict[str, list[int]]:
    """Heterozygous positions by phase block: a phase set, the whole file where it has none, or each by itself."""
    blocks: dict[str, list[int]] = defaultdict(list)
    for index, site in observed.items():
        if len(set(site.alleles)) > 1:
            key = f"set {site.phase_set or ''}" if site.phased else f"alone {index}"
            blocks[key].append(index)
    return dict(blocks)

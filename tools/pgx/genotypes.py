"""What a VCF says at the positions of the allele definitions, and where it says nothing.

A position counts as read when a record of the sample covers it: a variant record, a reference call, or a block of a
genomic VCF (`END=`). Everything else is missing; missing is not the reference. An insertion or deletion counts wherever
in its repeat it is anchored (`spellings`), and a substitution of several bases at every position that it covers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from knowledge.errors import ToolFailed
from knowledge.tables.liftover import lift_38_to_37
from tools.pgx.definitions import Gene, Position
from tools.pgx.spellings import Spelling, spellings
from tools.variants.normalise import trim
from tools.variants.reading import ReadingReport, VariantFile, VcfLine, parse_record

REFERENCE_BLOCKS = ("<NON_REF>", "<*>", ".")
SPANNING = ("*", "<*>", "<NON_REF>")
"""Alleles that say only that another record deletes the base: the definitions hold the reference there."""

LONGEST_REPEAT = 100
LONGEST_READ = 200


@dataclass(frozen=True)
class Observed:
    """The alleles of a sample at one position, in file order, with phase."""

    alleles: tuple[str, ...]
    phased: bool = False
    phase_set: str | None = None
    line: int = 0


@dataclass
class Sites:
    """Genotypes by (gene, index of position), and the places where the file contradicts the definition.

    Attributes:
        filtered: positions read from records that the caller's filter did not pass, as `rs… (filter)`.
        not_called: positions whose record has no complete genotype (`./.`, `./1`).
        structural: deletions, duplications and other symbolic alleles over positions of a gene.
        blocks_passed_over: reference blocks on GRCh37, whose bases may not be the definition's reference.
    """

    observed: dict[str, dict[int, Observed]] = field(default_factory=dict)
    unknown_alleles: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    report: ReadingReport = field(default_factory=ReadingReport)
    first_line: dict[str, VcfLine] = field(default_factory=dict)
    filtered: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    not_called: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    structural: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    blocks_passed_over: int = 0


G6PD_ON_37 = (154_532_203, 154_536_168, 771_785)
"""First and last GRCh38 position of G6PD between which 53 alleles of ClinVar (GRCh37) and the definition (GRCh38) are
the same base for base, and GRCh38 less GRCh37 there. The general table of offsets leaves out the sex chromosomes."""


class _Wanted:
    """Positions by chromosome on the assembly of the file, for a fast first look."""

    def __init__(self, genes: Iterable[Gene], assembly: str) -> None:
        self.by_place: dict[str, dict[int, list[tuple[Gene, int]]]] = defaultdict(lambda: defaultdict(list))
        self.spelled: dict[str, dict[Spelling, tuple[Gene, int, str]]] = defaultdict(dict)
        self.assembly = assembly
        for gene in genes:
            for index, position in enumerate(gene.positions):
                place = self._place(gene, position.position)
                if place is not None:
                    self.by_place[gene.chromosome][place].append((gene, index))
                    for spelling, alt in spellings(position).items():
                        moved = spelling._replace(place=spelling.place + place - position.position)
                        self.spelled[gene.chromosome][moved] = (gene, index, alt)
        self.span = {c: (min(p), max(p)) for c, p in self.by_place.items()}

    def _place(self, gene: Gene, position: int) -> int | None:
        if self.assembly == "GRCh38":
            return position
        first, last, offset = G6PD_ON_37
        if gene.name == "G6PD":
            return position - offset if first <= position <= last else None
        return lift_38_to_37(gene.chromosome, position)


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
            if start > high + LONGEST_REPEAT or (start + 1000 < low and b"END=" not in raw):
                continue
            record = parse_record(raw, number, count, index, sites.report)
            if record is not None and record.genotype is not None:
                _take(record, wanted, sites)
    return sites


def _spellings(chromosome: str) -> tuple[str, ...]:
    return (chromosome, f"chr{chromosome}") + (("chrM", "M") if chromosome == "MT" else ())


def _take(record: VcfLine, wanted: _Wanted, sites: Sites) -> None:
    places = wanted.by_place[record.chromosome]
    table = wanted.spelled[record.chromosome]
    defined = {n: table.get(Spelling(*trim(record.position, record.ref, alt.upper())))
               for n, alt in enumerate(record.alts, start=1)}  # fmt: skip
    meant = {number: found for number, found in defined.items() if found is not None}
    for offset in range(min(len(record.ref), LONGEST_READ)):
        for gene, index in places.get(record.position + offset, ()):
            if offset == 0 or not meant:
                _observe(record, gene, index, sites, offset)
    if meant:
        _observe_spelled(record, meant, places.get(record.position, ()), sites)
    _note_structural(record, places, sites)
    end_text = record.info_value("END") if all(alt in REFERENCE_BLOCKS for alt in record.alts) else None
    if end_text is None or not end_text.isdigit():
        return
    covered = [place for place in places if record.position < place <= int(end_text)]
    if covered and wanted.assembly != "GRCh38":
        sites.blocks_passed_over += 1
        return
    for place in covered:
        for gene, index in places[place]:
            _observe_block(record, gene, index, sites)


def _observe_block(record: VcfLine, gene: Gene, index: int, sites: Sites) -> None:
    numbers = record.genotype.alleles if record.genotype else ()
    if numbers and all(number == 0 for number in numbers):
        held = sites.observed.setdefault(gene.name, {})
        held.setdefault(index, Observed((gene.positions[index].ref,) * len(numbers), line=record.line))


def _observe(record: VcfLine, gene: Gene, index: int, sites: Sites, offset: int) -> None:
    position = gene.positions[index]
    numbers = _numbers(record, position, gene, sites) if offset == 0 else _complete(record)
    if numbers is None or (offset and not _tells(record, numbers, offset)):
        return
    alleles = [_as_defined(record, number, position, offset) for number in numbers]
    known = tuple(allele for allele in alleles if allele is not None)
    if len(known) < len(alleles):
        written = "/".join(record.ref if number == 0 else record.alts[number - 1] for number in numbers)
        sites.unknown_alleles[gene.name].append(f"{position.label} {written[:60]}")
        return
    _hold(record, gene, index, known, sites)


def _observe_spelled(
    record: VcfLine, meant: Mapping[int, tuple[Gene, int, str]], here: Iterable[tuple[Gene, int]], sites: Sites
) -> None:
    """Insertions and deletions of the definitions that the record anchors elsewhere in their repeat."""
    numbers = _complete(record)
    gene, index, _ = next(iter(meant.values()))
    if numbers is None or any((gene.name, index) == (known.name, place) for known, place in here):
        return
    position = gene.positions[index]
    if all(number == 0 or number in meant for number in numbers):
        known = tuple(position.ref if number == 0 else meant[number][2] for number in numbers)
        _hold(record, gene, index, known, sites)
    elif set(meant) & set(numbers):
        sites.unknown_alleles[gene.name].append(f"{position.label} {'/'.join(record.alts)[:60]}")


def _note_structural(record: VcfLine, places: Mapping[int, list[tuple[Gene, int]]], sites: Sites) -> None:
    """Deletions, duplications and other symbolic alleles of the sample over positions of a gene."""
    carried = set(record.genotype.alleles) if record.genotype else set()
    symbolic = [alt for number, alt in enumerate(record.alts, start=1)
                if alt.startswith("<") and alt not in REFERENCE_BLOCKS and number in carried]  # fmt: skip
    if not symbolic:
        return
    end_text, length = record.info_value("END"), (record.info_value("SVLEN") or "").lstrip("-")
    end = int(end_text) if end_text and end_text.isdigit() else record.position
    if end == record.position and length.isdigit():
        end += int(length)
    for name in {gene.name for place, held in places.items() if record.position <= place <= end for gene, _ in held}:
        sites.structural[name].append(f"{symbolic[0][:20]} {record.chromosome}:{record.position}-{end}")


def _hold(record: VcfLine, gene: Gene, index: int, known: tuple[str, ...], sites: Sites) -> None:
    genotype, position = record.genotype, gene.positions[index]
    held = sites.observed.setdefault(gene.name, {})
    if genotype is not None and (index not in held or any(allele != position.ref for allele in known)):
        held[index] = Observed(known, genotype.phased, genotype.phase_set, record.line)
        sites.first_line.setdefault(gene.name, record)
        if record.filters not in ("PASS", ".") and any(allele != position.ref for allele in known):
            sites.filtered[gene.name].append(f"{position.label} ({record.filters[:40]})")


def _complete(record: VcfLine) -> list[int] | None:
    """The allele numbers of the sample; None where one is not called or is not an allele of the record."""
    numbers = [number for number in record.genotype.alleles if number is not None] if record.genotype else []
    if record.genotype is None or len(numbers) < len(record.genotype.alleles) or max(numbers) > len(record.alts):
        return None
    return numbers


def _numbers(record: VcfLine, position: Position, gene: Gene, sites: Sites) -> list[int] | None:
    """As `_complete`, noting why there are none."""
    genotype = record.genotype
    if genotype is None:
        return None
    if any(number is None for number in genotype.alleles):
        written = "/".join("." if number is None else str(number) for number in genotype.alleles)
        sites.not_called[gene.name].append(f"{position.label} {written}")
        return None
    numbers = _complete(record)
    if numbers is None:
        sites.report.bad(record.line, "GT names an allele that ALT does not have")
    return numbers


def _tells(record: VcfLine, numbers: list[int], offset: int) -> bool:
    """Whether a record that begins further left says what stands at its base `offset`.

    Substitutions of several bases do; of insertions and deletions only those that remove the base.
    """
    for number in set(numbers) - {0}:
        alt = record.alts[number - 1].upper()
        if len(alt) == len(record.ref):
            continue
        place, ref, short = trim(record.position, record.ref, alt)
        if alt in SPANNING or not place < record.position + offset < place + len(ref) or len(short) > 1:
            return False
    return any(numbers)


def _as_defined(record: VcfLine, number: int, position: Position, offset: int) -> str | None:
    """The allele in the words of the definition, or None where the definition does not know it.

    Substitutions are compared by base, because the reference base of the other assembly may be the variant.
    """
    written = record.ref if number == 0 else record.alts[number - 1].upper()
    if len(position.ref) == 1 and all(len(alt) == 1 for alt in position.alts):
        if number and written in SPANNING:
            return position.ref
        if number and len(written) != len(record.ref):
            base = record.ref[0] if offset == 0 and written[0] == record.ref[0] else ""
        else:
            base = written[offset]
        return base if base == position.ref or base in position.alts else None
    if offset:
        return None
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

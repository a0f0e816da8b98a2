"""From the records of one sample to annotated variants: what is kept, what it is, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from knowledge.errors import ToolFailed
from knowledge.tables.chromosomes import LENGTHS
from knowledge.tables.store import panel_genes
from tools.variants import consequences
from tools.variants.acmg import Classification, classify
from tools.variants.acmg_evidence import Frequency, FrequencyTable, homozygotes_note, suggest
from tools.variants.acmg_missense import predictor_gap
from tools.variants.acmg_splicing import splice_delta, splicing_gap
from tools.variants.biomarkers import BENIGN, genes_with_facts, germline_facts, is_loss, promoter_change, somatic_facts
from tools.variants.lookup import CivicTable, ClinVarTable
from tools.variants.matching import Known, civic_matches
from tools.variants.model import Allele, AnnotatedVariant, ClinVarHit, Consequence, Origin
from tools.variants.names import TRUNCATING, consequence_of, parse_protein, short_protein
from tools.variants.normalise import left_align, trim
from tools.variants.reading import Assembly, Genotype, ReadingReport, VariantFile, VcfLine, parse_record
from tools.variants.scan import make_look, names_gene, pick
from tools.variants.secondary import is_secondary_finding
from tools.variants.therapy import TIER_WORDS, therapy_evidence, tier
from tools.variants.written import everyday_name

_PROTEIN_TERMS = TRUNCATING | {
    "missense_variant", "inframe_deletion", "inframe_insertion", "inframe_indel", "stop_lost", "deletion", "fusion",
    "amplification",
}  # fmt: skip
_BASES = frozenset("ACGTN")
_TOGETHER = 256  # alleles whose missense changes are scored together
Identified = tuple[Allele, Consequence | None, ClinVarHit | None]


@dataclass
class Counts:
    """What one pass saw."""

    reading: ReadingReport = field(default_factory=ReadingReport)
    alleles: int = 0
    not_in_sample: int = 0
    benign: int = 0
    without_meaning: int = 0
    reference_agrees: int = 0
    reference_differs: list[int] = field(default_factory=list)


class Annotator:
    """Annotates the variants of one file or of one list of names.

    Args:
        clinvar: the ClinVar table.
        civic: the CIViC table.
        origin: germline or somatic; None where it is not known, and then no patient fact is set.
        tumour: code of `tumour.type`, if known.
    """

    def __init__(self, clinvar: ClinVarTable, civic: CivicTable, origin: Origin | None, tumour: str | None) -> None:
        self.clinvar, self.civic, self.origin, self.tumour = clinvar, civic, origin, tumour
        self.panel = panel_genes()
        self._transcripts: dict[str, str] = {}
        self.base: Callable[[str, int], str] | None = None
        self.line_shift = 0
        self.frequencies: FrequencyTable | None = None

    def file(self, file: VariantFile, sample: str | None, counts: Counts) -> Iterator[AnnotatedVariant]:
        """Variants of one sample that have a meaning here: known to a table, or damaging to a gene of the panel."""
        present = self._present(file, sample, counts)
        while group := list(islice(present, _TOGETHER)):
            self._predict(group)
            for allele, consequence, hit in group:
                text = f"{file.assembly} {allele.chromosome}:{allele.position} {allele.ref}>{allele.alt}"
                found = self.finish(text, consequence, hit, allele, file.assembly)
                if found is None:
                    counts.without_meaning += 1
                elif found.tier == "IV" or (_benign(found.clinvar) and not found.therapies):
                    counts.benign += 1
                else:
                    yield found

    def _present(self, file: VariantFile, sample: str | None, counts: Counts) -> Iterator[Identified]:
        """The alleles of one sample near a place that a table knows, with gene, change and ClinVar's record."""
        index = file.sample_index(sample)
        samples = len(file.header.samples)
        near = positions_of_interest(self.clinvar, self.civic, file.assembly)
        genes = frozenset(gene.encode() for gene in (*self.panel, *self.civic.by_gene, *genes_with_facts()))
        for record in candidates(file, near, index, samples, counts.reading, self.base is not None, genes):
            for number, alt in enumerate(record.alts, start=1):
                if not _is_sequence(alt):
                    _note_symbolic(record, alt, counts)
                    continue
                counts.alleles += 1
                if index is not None and not _has(record.genotype, number):
                    counts.not_in_sample += 1
                    continue
                made = self._allele(record, number, alt)
                self._check_reference(record, file.assembly, counts)
                yield made, *self.identify(made, record, alt, file)

    def _predict(self, group: Iterable[Identified]) -> None:
        """Score the missense changes of a group together, where codes will need them."""
        from tools.missense.predict import predict_genes

        if self.origin != "germline":
            return
        wanted = []
        for _, consequence, hit in group:
            if consequence is not None and consequence.term == "missense_variant" and not _benign(hit):
                change = parse_protein(consequence.hgvs_p)
                if change is not None and change.kind == "substitution":
                    wanted.append((consequence.gene, change.start, change.ref, change.alt))
        with suppress(ToolFailed):  # each variant then says that the predictor is not there
            predict_genes(wanted)

    def _allele(self, record: VcfLine, number: int, alt: str) -> Allele:
        position, ref, short = trim(record.position, record.ref, alt.upper())
        base = self.base
        if base is not None and len(ref) != len(short):
            position, ref, short = left_align(position, ref, short, lambda place: base(record.chromosome, place))
        genotype = record.genotype
        depth, fraction = _depth(genotype, number)
        copies, zygosity = _zygosity(genotype, number)
        return Allele(
            line=record.line - self.line_shift, chromosome=record.chromosome, position=position, ref=ref, alt=short,
            filters=record.filters, copies=copies if self.origin != "somatic" else None,
            zygosity=zygosity if self.origin != "somatic" else None, fraction_percent=fraction, depth=depth,
        )  # fmt: skip

    def identify(
        self, allele: Allele, record: VcfLine, alt: str, file: VariantFile
    ) -> tuple[Consequence | None, ClinVarHit | None]:
        """Gene and change of one allele, and ClinVar's record of it."""
        hit = self.clinvar.allele(file.assembly, allele.chromosome, allele.position, allele.ref, allele.alt)
        said = consequences.in_file(record, alt, file.header.fields, self._transcripts)
        if hit is None and said is not None and said.gene in self.panel:
            named = self.clinvar.named(said.gene, said.hgvs_c, said.hgvs_p)
            hit = named[0] if named else None
        named_here = hit is not None and (hit.hgvs_c or hit.hgvs_p)
        found = (
            said
            or (_from_clinvar(hit) if named_here else None)
            or _promoter(allele, file.assembly)
            or self._from_civic(allele, file.assembly)
            or _from_clinvar(hit)
            or _leiden(allele, file.assembly)
        )
        if found is not None and self.origin == "germline":
            delta = splice_delta(record, alt, found.gene, file.header.fields)
            found = found if delta is None else found.model_copy(update={"splice_delta": delta})
        return found, hit

    def finish(
        self,
        text: str,
        consequence: Consequence | None,
        hit: ClinVarHit | None,
        allele: Allele | None = None,
        assembly: Assembly | None = None,
        asked: bool = False,
    ) -> AnnotatedVariant | None:
        """Therapy evidence, tier and facts for a variant of which gene and consequence are known.

        None where nothing gives it a meaning, unless it was `asked` for by name.
        """
        if consequence is None:
            return None
        known = Known.of(consequence, deleterious=False)
        deleterious = is_loss(known, hit)
        known = Known.of(consequence, deleterious)
        matched = civic_matches(self.civic, known, allele, assembly)
        therapies = therapy_evidence(self.civic, matched, self.tumour) if self.origin != "germline" else ()
        specific = [variant for variant in matched if variant.name.upper() != "MUTATION"]
        facts: tuple[str, ...] = ()
        if self.origin == "somatic":
            facts = somatic_facts(known, hit, allele, assembly)
        elif self.origin == "germline":
            facts = germline_facts(known, hit, allele.copies if allele else None)
        if not asked and not self._matters(consequence, hit, bool(specific), deleterious, bool(facts)):
            return None
        grade, reason = tier(therapies, hit) if self.origin == "somatic" else (None, "")
        secondary = self.origin == "germline" and is_secondary_finding(consequence, hit, allele)
        notes = _notes(consequence, allele, grade)
        if allele is not None and not allele.passed:
            facts, therapies, grade, reason = (), (), None, ""
        left_out = not asked and _benign(hit)
        germline = self.origin == "germline" and not left_out
        acmg = self._acmg(consequence, hit, allele) if germline else None
        if germline:
            gaps = (predictor_gap(consequence, known.change), splicing_gap(consequence))
            notes = (*notes, *self._population(acmg, allele), *(gap for gap in gaps if gap))
        name = _name(consequence, text if allele else "")
        return AnnotatedVariant(
            text=text, gene=consequence.gene, name=name, allele=allele, consequence=consequence,
            clinvar=hit, therapies=therapies, tier=grade, tier_reason=reason, acmg=acmg, facts=facts,
            secondary_finding=secondary, notes=notes,
        )  # fmt: skip

    def _matters(
        self, consequence: Consequence, hit: ClinVarHit | None, in_civic: bool, deleterious: bool, has_facts: bool
    ) -> bool:
        if hit is not None or in_civic or has_facts:
            return True
        changes = self.origin == "somatic" and consequence.term in _PROTEIN_TERMS
        return consequence.gene in self.panel and (deleterious or changes)

    def _acmg(self, consequence: Consequence, hit: ClinVarHit | None, allele: Allele | None) -> Classification | None:
        frequency = self._frequency(allele)
        codes = suggest(self.clinvar, consequence, hit, frequency)
        return classify(codes) if codes else None

    def _frequency(self, allele: Allele | None) -> Frequency | None:
        return self.frequencies.allele(allele) if allele and self.frequencies else None

    def _population(self, acmg: Classification | None, allele: Allele | None) -> tuple[str, ...]:
        """What the population codes lack: a table of frequencies, or for BS2 a judgement of the disease."""
        if self.frequencies is None:
            missing = (
                "No population frequency was looked up, so that a common variant is not told from a rare one: BA1, "
                "BS1, BS2 and PM2 are not assessed"
            )
            return (missing,) if acmg is not None else ()
        found = self._frequency(allele)
        return (homozygotes_note(found),) if found and found.homozygotes else ()

    def _from_civic(self, allele: Allele, assembly: Assembly) -> Consequence | None:
        variant = self.civic.allele(assembly, allele.chromosome, allele.position, allele.ref, allele.alt)
        if variant is None:
            return None
        protein = next((h.partition(":")[2] for h in variant.hgvs if ":p." in h), "")
        coding = next((h for h in variant.hgvs if h.startswith("NM_") and ":c." in h), "")
        transcript, _, change = coding.partition(":")
        return Consequence(
            gene=variant.gene, transcript=transcript, hgvs_c=change, hgvs_p=protein or f"p.{variant.name}",
            term=consequence_of(change, protein or variant.name), source=f"CIViC {self.civic.release.release}",
        )  # fmt: skip

    def _check_reference(self, record: VcfLine, assembly: Assembly, counts: Counts) -> None:
        if len(record.ref) != 1:
            return
        known = [ref for ref, _, _ in self.clinvar.at(assembly, record.chromosome, record.position) if len(ref) == 1]
        if record.ref in known:
            counts.reference_agrees += 1
        elif known:
            counts.reference_differs.append(record.line)


def candidates(
    file: VariantFile,
    near: dict[str, frozenset[int]],
    sample: int | None,
    samples: int,
    report: ReadingReport,
    wide: bool = False,
    genes: frozenset[bytes] = frozenset(),
) -> Iterator[VcfLine]:
    """Records that could matter: near a position of a table, annotated to one of `genes`, or not a plain allele.

    Everything else is counted and passed over without being parsed. With `wide`, insertions and deletions within 256
    bases of a table position come too, to be left-aligned.
    """
    columns = consequences.gene_columns(file.header.fields)
    between = genes if consequences.between_bars(file.header.fields) else None
    look = make_look(near, file.assembly, samples, bool(file.header.fields), wide, between)
    lengths = LENGTHS[file.assembly]
    nothing: frozenset[int] = frozenset()
    for first, chunk in file.chunks():
        count, picked = pick(chunk, look)
        report.records += count
        for index, raw, certain in picked:
            if raw in (b"", b"\r"):
                report.records -= 1
                continue
            named = bool(columns) and names_gene(raw, columns, genes)
            if not (certain or named):
                continue
            record = parse_record(raw, first + index, samples, sample, report)
            if record is None:
                continue
            if record.position > lengths[record.chromosome]:
                report.bad(record.line, f"POS {record.position} is beyond the end of chromosome {record.chromosome}")
            elif wide or named or _could_matter(record, near.get(record.chromosome, nothing)):
                yield record


def _could_matter(record: VcfLine, near: frozenset[int]) -> bool:
    if record.position in near or not all(_is_sequence(alt) for alt in record.alts):
        return True
    if len(record.ref) > 1:
        end = record.position + min(len(record.ref), 1000)
        return any(place in near for place in range(record.position, end))
    return False


def positions_of_interest(clinvar: ClinVarTable, civic: CivicTable, assembly: Assembly) -> dict[str, frozenset[int]]:
    """Positions with a record of a table or a promoter rule, by chromosome."""
    near = {name: set(held) for name, held in clinvar.positions(assembly).items()}
    for chromosome, position in civic.alleles(assembly):
        near.setdefault(chromosome, set()).add(position)
    promoter = {"GRCh37": (1295228, 1295250), "GRCh38": (1295113, 1295135)}[assembly]
    near.setdefault("5", set()).update(promoter)
    if assembly == "GRCh38":
        near.setdefault("1", set()).add(169549811)
    return {name: frozenset(held) for name, held in near.items()}


def _is_sequence(alt: str) -> bool:
    return bool(alt) and set(alt.upper()) <= _BASES


def _benign(hit: ClinVarHit | None) -> bool:
    return hit is not None and hit.significance in BENIGN


def _note_symbolic(record: VcfLine, alt: str, counts: Counts) -> None:
    if alt not in ("*", "<NON_REF>", "<*>", "."):
        what = "breakend" if "[" in alt or "]" in alt else "symbolic allele"
        counts.reading.not_handled(record.line, f"{what} {alt[:40]} at {record.chromosome}:{record.position}")


def _has(genotype: Genotype | None, number: int) -> bool:
    return genotype is not None and number in genotype.alleles


def _depth(genotype: Genotype | None, number: int) -> tuple[int | None, float | None]:
    if genotype is None:
        return None, None
    total = sum(genotype.depths) or genotype.depth
    if len(genotype.depths) > number and sum(genotype.depths) > 0:
        return total, round(100.0 * genotype.depths[number] / sum(genotype.depths), 1)
    if len(genotype.fractions) >= number and 0 <= genotype.fractions[number - 1] <= 1:
        return total, round(100.0 * genotype.fractions[number - 1], 1)
    return total, None


def _zygosity(genotype: Genotype | None, number: int) -> tuple[int | None, str | None]:
    if genotype is None:
        return None, None
    copies = genotype.alleles.count(number)
    if len(genotype.alleles) == 1:
        return copies, "hemizygous"
    return copies, "homozygous" if copies == len(genotype.alleles) else "heterozygous"


def _from_clinvar(hit: ClinVarHit | None) -> Consequence | None:
    if hit is None:
        return None
    return Consequence(
        gene=hit.gene, transcript=hit.transcript, hgvs_c=hit.hgvs_c, hgvs_p=hit.hgvs_p,
        term=consequence_of(hit.hgvs_c, hit.hgvs_p), source=f"ClinVar {hit.release}",
    )  # fmt: skip


def _promoter(allele: Allele, assembly: Assembly) -> Consequence | None:
    found = promoter_change(allele, assembly)
    if found is None:
        return None
    gene, change, source = found
    return Consequence(
        gene=gene, hgvs_c=change, term="upstream_variant", source=source.partition(",")[0], label="PROMOTER MUTATION"
    )  # fmt: skip


def _leiden(allele: Allele, assembly: Assembly) -> Consequence | None:
    """Factor V Leiden, rs6025: GRCh37's reference base is the variant itself, so that no table row lifts to GRCh38."""
    if (assembly, allele.chromosome, allele.position, allele.ref, allele.alt) != ("GRCh38", "1", 169549811, "C", "T"):
        return None
    return Consequence(
        gene="F5", transcript="NM_000130.4", hgvs_c="c.1601G>A", hgvs_p="p.Arg534Gln", term="missense_variant",
        source="rs6025",
    )  # fmt: skip


def _name(consequence: Consequence, place: str = "") -> str:
    """Gene and change; the place where no name of the change is known."""
    if not (consequence.hgvs_p or consequence.hgvs_c) and place:
        return f"{consequence.gene} {place.partition(' ')[2]}"
    change = short_protein(consequence.hgvs_p) if consequence.hgvs_p else consequence.hgvs_c
    return f"{consequence.gene} {change}".strip()


def _notes(consequence: Consequence, allele: Allele | None, grade: str | None) -> tuple[str, ...]:
    notes = []
    old = everyday_name(consequence.gene, consequence.hgvs_c, consequence.hgvs_p)
    if old and old != _name(consequence):
        notes.append(f"It is also known as {old}.")
    if allele is not None and not allele.passed:
        confirmed = f"; confirmed, it would be {TIER_WORDS[grade]}" if grade else ""
        notes.append(f"The caller's filter is {allele.filters}; it is not taken as present{confirmed}.")
    if consequence.gene == "EGFR" and "A763_Y764ins" in short_protein(consequence.hgvs_p or ""):
        notes.append("Unlike other EGFR exon 20 insertions, A763_Y764insFQEA responds to first-line EGFR inhibitors.")
    return tuple(notes)

"""Which ACMG/AMP codes the local tables support for a germline variant. A clinician adds and removes codes.

ClinVar's own class for the variant is shown beside and is never a code (PP5 and BP6 are left out), so that nothing
counts twice; other variants' classes are what PS1, PM5 and PVS1 rest on, from records with at least one review star.
PVS1 follows Abou Tayoun 2018 (doi:10.1002/humu.23626) as far as the data go: there are no exon boundaries here, so that
escape from nonsense-mediated decay is judged by whether truncation further downstream is known to be pathogenic.
PM2 is supporting, as ClinGen advises (SVI recommendation for PM2, version 1.0, 2020). BA1 needs an allele frequency
above 5 % in at least 2,000 alleles, and is not given to the nine common variants of which that says nothing (Ghosh
2018, doi:10.1002/humu.23642). BS1 would need the frequency that a disease allows; without it, above 1 % counts, the
usual cut-off of a disorder that is not known (Li 2017, doi:10.1016/j.ajhg.2017.01.004), and is said to be that.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from knowledge.tables.chromosomes import NUMBER
from knowledge.tables.store import open_read_only, read_release, table_path
from tools.variants.acmg import Code
from tools.variants.acmg_missense import gene_codes, length_code, predictor_code, without_double_weight
from tools.variants.acmg_splicing import with_splicing
from tools.variants.lookup import ClinVarTable, GeneRecords, Row
from tools.variants.model import Allele, ClinVarHit, Consequence
from tools.variants.names import ProteinChange, parse_protein
from tools.variants.written import canonical_coding

LEAST_TRUNCATING = 3
NOT_ASSESSED = {
    "PS2 and PM6": "samples of the parents", "PM3 and BP2": "the phase with another variant of the gene",
    "PP1 and BS4": "the family's genotypes", "PS3 and BS3": "a functional assay", "PS4": "counts of cases and controls",
    "PP4 and BP5": "the patient's phenotype", "BS2": "whether the disease is fully penetrant at an early age",
}  # fmt: skip
"""Codes that no table here decides, with what each takes."""
LEAST_ALLELES = 2000
COMMON_AND_NOT_BENIGN = frozenset(
    {("ACAD9", "c.-44_-41dup"), ("GJB2", "c.109G>A"), ("HFE", "c.187C>G"), ("HFE", "c.845G>A"), ("MEFV", "c.1105C>T"),
     ("MEFV", "c.1223G>A"), ("PIBF1", "c.1214G>A"), ("ACADS", "c.511C>T"), ("BTD", "c.1330G>C")}
)  # fmt: skip
_NULL = frozenset({"stop_gained", "frameshift_variant"})
_SPLICE = frozenset({"splice_donor_variant", "splice_acceptor_variant"})


class Frequency(NamedTuple):
    """Allele frequency in a population table: overall, the highest of its groups, alleles read, homozygous people."""

    frequency: float
    highest_group: float | None
    release: str
    alleles: int = LEAST_ALLELES
    homozygotes: int | None = None


def homozygotes_note(found: Frequency) -> str:
    """What stands in the way of BS2 where a population table lists homozygotes."""
    number = found.homozygotes or 0
    people = "one homozygous person" if number == 1 else f"{number} homozygous people"
    return (
        f"gnomAD {found.release} lists {people}; BS2 counts them only for a disease that is fully penetrant at an "
        "early age, which is to be judged"
    )


def suggest(
    table: ClinVarTable, consequence: Consequence, own: ClinVarHit | None, frequency: Frequency | None
) -> tuple[Code, ...]:
    """Codes that the tables support, each with its reason.

    Args:
        table: ClinVar.
        consequence: the variant's gene and change.
        own: ClinVar's record of the variant itself, which supports no code.
        frequency: its population frequency; None where no table was imported or it is not in it.
    """
    change = parse_protein(consequence.hgvs_p) if consequence.hgvs_p else None
    records = table.gene(consequence.gene)
    mine = own.accession if own is not None else None
    found = [
        _pvs1(consequence, change, records, mine),
        *_missense(consequence, change, records, mine),
        length_code(consequence, change),
        _frequency(frequency, consequence),
    ]
    if consequence.term == "missense_variant" and change is not None and change.kind == "substitution":
        found += [*gene_codes(change, records, mine), predictor_code(consequence, change)]
    kept = with_splicing([code for code in found if code is not None], consequence)
    return tuple(without_double_weight(kept))


def _pvs1(
    consequence: Consequence, change: ProteinChange | None, records: GeneRecords, mine: int | None
) -> Code | None:
    null = consequence.term in _NULL
    if not (null or consequence.term in _SPLICE or consequence.term == "start_lost"):
        return None
    truncating = [start for start, accession in records.truncating if accession != mine]
    gene = consequence.gene
    if len(truncating) < LEAST_TRUNCATING:
        return None
    mechanism = f"loss of {gene} is a known cause of disease ({len(truncating)} pathogenic truncations in ClinVar)"
    if consequence.term == "start_lost":
        return Code(name="PVS1", strength="moderate", reason=f"the start codon is lost; {mechanism}")
    if not null or change is None:
        return Code(name="PVS1", strength="strong", reason=f"canonical splice site; {mechanism}; frame not known")
    beyond = [start for start in truncating if start > change.end]
    if beyond:
        reason = f"{consequence.term.replace('_', ' ')}; {mechanism}; {len(beyond)} of them lie further downstream"
        return Code(name="PVS1", strength="very_strong", reason=reason)
    reason = f"{consequence.term.replace('_', ' ')}; {mechanism}, but none lies further downstream"
    return Code(name="PVS1", strength="moderate", reason=reason)


def _missense(
    consequence: Consequence, change: ProteinChange | None, records: GeneRecords, mine: int | None
) -> list[Code]:
    if consequence.term != "missense_variant" or change is None or change.kind != "substitution":
        return []
    found = []
    same, near = [], []
    for other, row in records.established.get(change.start, ()):
        if other.kind != "substitution" or int(row[0]) == mine:
            continue
        if other.text == change.text and consequence.hgvs_c and row[3] != consequence.hgvs_c:
            same.append(row)
        elif other.text != change.text and other.ref == change.ref:
            near.append(row)
    if same:
        best = max(same, key=lambda row: int(row[6]))
        found.append(Code(name="PS1", strength="strong", reason=f"{best[3]} makes the same change, {_said(best)}"))
    elif near:
        best = max(near, key=lambda row: int(row[6]))
        found.append(Code(name="PM5", strength="moderate", reason=f"{best[4]} at the same residue, {_said(best)}"))
    return found


def _said(row: Row) -> str:
    return f"{row[5].replace('_', ' ')} in ClinVar ({row[0]}, review stars: {row[6]})"


def _frequency(frequency: Frequency | None, consequence: Consequence) -> Code | None:
    if frequency is None:
        return None
    highest = max(frequency.frequency, frequency.highest_group or 0.0)
    where = f"in gnomAD {frequency.release}"
    if highest == 0.0:
        return Code(name="PM2", strength="supporting", reason=f"listed {where} with no allele")
    excepted = (consequence.gene, canonical_coding(consequence.hgvs_c)) in COMMON_AND_NOT_BENIGN
    if excepted or frequency.alleles < LEAST_ALLELES:
        return None
    if highest > 0.05:
        return Code(name="BA1", strength="stand_alone", reason=f"allele frequency {highest:.3g} {where}")
    if highest > 0.01:
        reason = f"allele frequency {highest:.3g} {where}, above 1 %; what the disease allows is to be judged"
        return Code(name="BS1", strength="strong", reason=reason)
    return None


class FrequencyTable:
    """The imported gnomAD table."""

    def __init__(self, path: Path) -> None:
        self.release = read_release(path)
        self._connection = open_read_only(path)

    def allele(self, allele: Allele) -> Frequency | None:
        """The frequency of an allele, or None where it is not listed, which can also mean that it was not covered."""
        row = self._connection.execute(
            "SELECT frequency, highest_group, allele_number, homozygotes FROM frequency "
            "WHERE chromosome = ? AND position = ? AND ref = ? AND alt = ?",
            (NUMBER[allele.chromosome], allele.position, allele.ref, allele.alt),
        ).fetchone()
        return Frequency(row[0], row[1], self.release.release, int(row[2]), row[3]) if row else None


def frequency_table(assembly: str) -> FrequencyTable | None:
    """The imported gnomAD table of an assembly, or None."""
    path = table_path("gnomad")
    if path is None or read_release(path).assemblies != assembly:
        return None
    return FrequencyTable(path)

"""Look alleles and names up in the local tables of ClinVar and CIViC."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from knowledge.tables.chromosomes import CHROMOSOMES, NUMBER, chromosome_name
from knowledge.tables.liftover import lift_37_to_38
from knowledge.tables.store import Release, open_read_only, read_release, require_table
from tools.variants.model import ClinVarHit
from tools.variants.names import ProteinChange, parse_protein, short_protein
from tools.variants.normalise import trim
from tools.variants.written import canonical_coding

_RECORD = """SELECT r.accession, g.value, t.value, r.hgvs_c, r.hgvs_p, s.value, r.stars, v.value, c.value, r.ref, r.alt
FROM record r JOIN text g ON g.id = r.gene JOIN text t ON t.id = r.transcript JOIN text s ON s.id = r.significance
JOIN text v ON v.id = r.review JOIN text c ON c.id = r.traits """
_AT = {
    "GRCh37": _RECORD + "WHERE r.chromosome = ? AND r.position37 = ?",
    "GRCh38": _RECORD + "WHERE r.chromosome = ? AND r.position38 = ?",
}
_UNPLACED = {
    "GRCh37": "SELECT count(*) FROM record WHERE position37 IS NULL",
    "GRCh38": "SELECT count(*) FROM record WHERE position38 IS NULL",
}
_POSITIONS = {
    "GRCh37": "SELECT chromosome, position37 FROM record WHERE position37 IS NOT NULL",
    "GRCh38": "SELECT chromosome, position38 FROM record WHERE position38 IS NOT NULL",
}


GENES_KEPT = 64


Row = tuple[str, ...]
"""Accession, gene, transcript, coding change, protein change, significance, stars, review, traits, ref, alt."""
Reviewed = tuple[int, ProteinChange]
"""Accession and change."""
_HARMFUL = frozenset({"pathogenic", "likely_pathogenic"})
_HARMLESS = frozenset({"benign", "likely_benign"})


class GeneRecords:
    """The records of one gene, with indexes by name and by residue that are made when first needed."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    @cached_property
    def by_coding(self) -> dict[str, list[Row]]:
        """Rows by coding change."""
        made: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            made[canonical_coding(row[3])].append(row)
        return made

    @cached_property
    def by_protein(self) -> dict[str, list[Row]]:
        """Rows by protein change in one-letter form."""
        made: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row[4]:
                made[short_protein(row[4])].append(row)
        return made

    @cached_property
    def established(self) -> dict[int, list[tuple[ProteinChange, Row]]]:
        """Pathogenic and likely pathogenic records with at least one review star, by first residue."""
        made: dict[int, list[tuple[ProteinChange, Row]]] = defaultdict(list)
        for row in self.rows:
            if row[5] in _HARMFUL and int(row[6]) >= 1 and row[4]:
                change = parse_protein(row[4])
                if change is not None:
                    made[change.start].append((change, row))
        return made

    @cached_property
    def reviewed(self) -> tuple[list[Reviewed], list[Reviewed], list[int]]:
        """Pathogenic and benign missense changes, and the accession of each truncation, with at least one star."""
        harmful: list[Reviewed] = []
        harmless: list[Reviewed] = []
        cut: list[int] = []
        for row in self.rows:
            known = int(row[6]) >= 1 and row[4] and row[5] in _HARMFUL | _HARMLESS
            change = parse_protein(row[4]) if known else None
            if change is None:
                continue
            if change.kind == "substitution":
                (harmful if row[5] in _HARMFUL else harmless).append((int(row[0]), change))
            elif change.kind in ("nonsense", "frameshift") and row[5] in _HARMFUL:
                cut.append(int(row[0]))
        return harmful, harmless, cut

    @cached_property
    def truncating(self) -> list[tuple[int, int]]:
        """(residue, accession) of each established nonsense or frameshift change."""
        return [
            (change.start, int(row[0]))
            for found in self.established.values()
            for change, row in found
            if change.kind in ("nonsense", "frameshift")
        ]


class ClinVarTable:
    """The local ClinVar table: by allele on an assembly, and by gene and change."""

    def __init__(self, path: Path) -> None:
        self.release: Release = read_release(path)
        self._connection = open_read_only(path)
        self._positions: dict[str, dict[str, frozenset[int]]] = {}
        self._genes: dict[str, GeneRecords] = {}

    def positions(self, assembly: str) -> dict[str, frozenset[int]]:
        """Positions with a record, by chromosome."""
        if assembly not in self._positions:
            found: dict[str, set[int]] = defaultdict(set)
            for number, position in self._connection.execute(_POSITIONS[assembly]):
                found[CHROMOSOMES[number - 1]].add(position)
            self._positions[assembly] = {name: frozenset(held) for name, held in found.items()}
        return self._positions[assembly]

    def unplaced(self, assembly: str) -> int:
        """How many records have no place on an assembly."""
        return int(self._connection.execute(_UNPLACED[assembly]).fetchone()[0])

    def at(self, assembly: str, chromosome: str, position: int) -> list[tuple[str, str, ClinVarHit]]:
        """(ref, alt, record) of each allele at a position."""
        rows = self._connection.execute(_AT[assembly], (NUMBER[chromosome], position))
        return [(row[9], row[10], self._hit(row)) for row in rows]

    def allele(self, assembly: str, chromosome: str, position: int, ref: str, alt: str) -> ClinVarHit | None:
        """The record of a trimmed allele; the best reviewed where there are several."""
        found = [
            hit
            for held_ref, held_alt, hit in self.at(assembly, chromosome, position)
            if trim(position, held_ref, held_alt) == (position, ref, alt)
        ]
        return max(found, key=lambda hit: hit.stars, default=None)

    def named(self, gene: str, hgvs_c: str = "", hgvs_p: str = "") -> list[ClinVarHit]:
        """Records of a gene with that coding change, or else with that protein change; the best reviewed first."""
        known = self.gene(gene)
        rows = known.by_coding.get(canonical_coding(hgvs_c), []) if hgvs_c else []
        if not rows and hgvs_p:
            rows = known.by_protein.get(short_protein(hgvs_p), [])
        hits = [self._hit(row).model_copy(update={"matched": "name"}) for row in rows]
        return sorted(hits, key=lambda hit: -hit.stars)

    def gene_of(self, transcript: str) -> str:
        """The gene of a transcript or protein accession (any version) in the table, or an empty text."""
        if not transcript:
            return ""
        name = transcript.split(".", maxsplit=1)[0]
        row = self._connection.execute(
            "SELECT g.value FROM record r JOIN text t ON t.id = r.transcript JOIN text g ON g.id = r.gene "
            "WHERE t.value LIKE ? LIMIT 1",
            (f"{name}.%",),
        ).fetchone()
        return str(row[0]) if row else ""

    def gene(self, gene: str) -> GeneRecords:
        """Every record of a gene, with indexes by name. The last 64 genes are kept."""
        held = self._genes.pop(gene, None) or GeneRecords(self._gene_rows(gene))
        self._genes[gene] = held
        if len(self._genes) > GENES_KEPT:
            del self._genes[next(iter(self._genes))]
        return held

    def _gene_rows(self, gene: str) -> list[tuple[str, ...]]:
        key = self._connection.execute("SELECT id FROM text WHERE value = ?", (gene,)).fetchone()
        if key is None:
            return []
        return self._connection.execute(_RECORD + "WHERE r.gene = ?", key).fetchall()

    def _hit(self, row: tuple[object, ...]) -> ClinVarHit:
        return ClinVarHit(
            accession=int(str(row[0])), gene=str(row[1]), transcript=str(row[2]), hgvs_c=str(row[3]),
            hgvs_p=str(row[4]), significance=str(row[5]), stars=int(str(row[6])), review=str(row[7]),
            traits=str(row[8]), release=self.release.release,
        )  # fmt: skip


@dataclass(frozen=True)
class CivicVariant:
    """A variant as CIViC names it; the place is on GRCh37 where it has one."""

    id: int
    gene: str
    name: str
    types: str
    aliases: tuple[str, ...]
    hgvs: tuple[str, ...]
    chromosome: str
    start37: int | None
    ref: str
    alt: str


@dataclass(frozen=True)
class CivicItem:
    """One accepted evidence item."""

    id: int
    variant: int
    disease: str
    type: str
    direction: str
    level: str
    significance: str
    drugs: tuple[str, ...]
    interaction: str
    rating: int | None
    citation: str


class CivicTable:
    """The local CIViC table, held in memory (a few thousand rows)."""

    def __init__(self, path: Path) -> None:
        self.release: Release = read_release(path)
        connection = open_read_only(path)
        self.variants = {row[0]: _variant(row) for row in connection.execute("SELECT * FROM variant")}
        self.items: dict[int, list[CivicItem]] = defaultdict(list)
        for row in connection.execute(
            "SELECT id, variant, disease, type, direction, level, significance, drugs, interaction, rating, citation "
            "FROM evidence"
        ):
            drugs = tuple(part.strip() for part in row[7].split(",") if part.strip())
            item = CivicItem(row[0], row[1], row[2], row[3], row[4], row[5], row[6], drugs, row[8], row[9], row[10])
            self.items[row[1]].append(item)
        connection.close()
        self.by_gene: dict[str, list[CivicVariant]] = defaultdict(list)
        for variant in self.variants.values():
            self.by_gene[variant.gene].append(variant)

    @lru_cache(maxsize=2)  # noqa: B019 - one table a process
    def alleles(self, assembly: str) -> dict[tuple[str, int], list[CivicVariant]]:
        """Variants with a single allele, by chromosome and position of its first base on an assembly."""
        found: dict[tuple[str, int], list[CivicVariant]] = defaultdict(list)
        for variant in self.variants.values():
            name = chromosome_name(variant.chromosome) if variant.chromosome else None
            if name is None or variant.start37 is None or not (variant.ref and variant.alt):
                continue
            position = variant.start37 if assembly == "GRCh37" else lift_37_to_38(name, variant.start37)
            if position is not None:
                found[name, position].append(variant)
        return dict(found)

    def allele(self, assembly: str, chromosome: str, position: int, ref: str, alt: str) -> CivicVariant | None:
        """The variant with exactly this allele."""
        for variant in self.alleles(assembly).get((chromosome, position), ()):
            if (variant.ref, variant.alt) == (ref, alt):
                return variant
        return None


def _parts(text: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(text).split(",") if part.strip() not in ("", "N/A"))


def _variant(row: tuple[object, ...]) -> CivicVariant:
    start = row[7]
    return CivicVariant(
        int(str(row[0])), str(row[1]), str(row[2]), str(row[3]), _parts(row[4]), _parts(row[5]), str(row[6]),
        int(str(start)) if start is not None else None, str(row[9]), str(row[10]),
    )  # fmt: skip


def civic_protein(variant: CivicVariant) -> str:
    """The protein change that a CIViC variant stands for in one-letter form, or an empty text.

    Names of promoter variants (TERT C228T) look like one and are none.
    """
    if "regulatory_region_variant" in variant.types:
        return ""
    for part in (variant.name.split(" ")[0], *(h for h in variant.hgvs if ":p." in h)):
        change = parse_protein(part)
        if change is not None:
            return change.text
    return ""


def clinvar_table(path: Path | None = None) -> ClinVarTable:
    """The ClinVar table in use; an import is seen at once. Raises `ToolFailed` where there is none."""
    return _clinvar(*_version(path or require_table("clinvar")))


def civic_table(path: Path | None = None) -> CivicTable:
    """The CIViC table in use; an import is seen at once. Raises `ToolFailed` where there is none."""
    return _civic(*_version(path or require_table("civic")))


def _version(path: Path) -> tuple[Path, int, int]:
    found = path.stat()
    return path, found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=2)
def _clinvar(path: Path, _time_ns: int, _inode: int) -> ClinVarTable:
    return ClinVarTable(path)


@lru_cache(maxsize=2)
def _civic(path: Path, _time_ns: int, _inode: int) -> CivicTable:
    return CivicTable(path)

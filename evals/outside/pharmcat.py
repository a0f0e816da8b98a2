"""PharmCAT-style pharmacogenomics: VCF files and a table of expected calls, one row a sample and gene.

Columns: sample or file, gene, diplotype, phenotype (either may be empty); or one column a gene. The assembly is GRCh38,
as PharmCAT requires, unless a column `assembly` says otherwise. Positions that the file does not list are unknown, so
several diplotypes may fit; where they disagree there is no call. What it would be if they were the reference is counted
apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.cli.variant_case import known_assembly, known_sex
from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, scorable, scored_one, tallied
from evals.outside.rows import TABLES, Row, kind_of, read_rows
from evals.scoring.intervals import wilson
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from tools.pgx.report import GeneResult

FORM = "a folder with VCF files and one table of expected calls (sample, gene, diplotype, phenotype)"
NO_CALL = ("", "unknown", "unknown/unknown", "no call", "nocall", "indeterminate", "n/a", "na", ".", "no result")
_SHORT = {"nm": "normal metabolizer", "im": "intermediate metabolizer", "pm": "poor metabolizer",
          "rm": "rapid metabolizer", "um": "ultrarapid metabolizer"}  # fmt: skip
_ALTERNATIVES = re.compile(r"\s+or\s+|\s*;\s*|\s*\|\s*|,(?=\s*\*)", re.IGNORECASE)
GENE, SAMPLE, FILE = ("gene", "gene symbol"), ("sample", "sample id", "sample name"), ("file", "vcf", "vcf file")
DIPLOTYPE = ("diplotype", "source diplotype", "expected diplotype", "genotype", "call", "expected", "expected call")
PHENOTYPE = ("phenotype", "expected phenotype", "metabolizer status", "metaboliser status", "function")


class _Wanted(NamedTuple):
    file: Path
    sample: str | None
    gene: str
    diplotype: str | None
    phenotype: str | None
    assembly: str
    sex: str | None


def run(path: Path, settings: Settings) -> Result:
    """Call every expected gene. `limit` is of rows."""
    started = time.perf_counter()
    wanted = list(_all_wanted(path))[: settings.limit]
    _called.cache_clear()
    items = [scored_one(_name(w), w.gene, lambda w=w: _item(w)) for w in wanted]  # type: ignore[misc]
    notes = ["Positions that a file does not list are unknown, not the reference."]
    return finished("pharmcat", path.name, items, [*tallied(items), *_more(items)], started, notes)


def _name(wanted: _Wanted) -> str:
    return f"{wanted.sample or wanted.file.name} {wanted.gene}"


def _all_wanted(folder: Path) -> Iterator[_Wanted]:
    from tools.pgx.definitions import definitions

    if not folder.is_dir():
        raise BadInput(folder.name, "the path", "it is not a folder", FORM)
    files = sorted(p for p in folder.rglob("*") if re.search(r"\.(?:vcf|bcf)(?:\.b?gz)?$", p.name, re.IGNORECASE))
    tables = sorted(
        p for p in folder.iterdir() if p.is_file() and kind_of(p) in TABLES and "readme" not in p.name.lower()
    )
    if not files or len(tables) != 1:
        raise BadInput(folder.name, "the folder", f"it holds {len(files)} VCF files and {len(tables)} tables", FORM)
    genes = definitions().genes
    for row in read_rows(tables[0], FORM):
        file, sample = _file_of(row, files)
        about = (row.text("assembly", "build", "genome") or "GRCh38", row.text("sex", "gender"))
        if row.text(*GENE):
            yield _Wanted(file, sample, row.need(*GENE), row.text(*DIPLOTYPE), row.text(*PHENOTYPE), *about)
            continue
        wide = [name for name in row.values if name in genes]
        if not wide:
            raise row.bad("there is no 'gene'", "a column gene, or one column a gene")
        yield from (_Wanted(file, sample, gene, row.text(gene), None, *about) for gene in wide)


def _file_of(row: Row, files: Sequence[Path]) -> tuple[Path, str | None]:
    """The file of a row, and the sample in it: by a column, by a file named after the sample, or the only file."""
    sample, named = row.text(*SAMPLE), row.text(*FILE)
    name = named or sample
    fitting = [f for f in files if name and (f.name == Path(name).name or f.name.split(".")[0] == name)]
    if not fitting and len(files) == 1 and named is None:
        return files[0], sample
    if len(fitting) != 1:
        raise row.bad(
            f"{len(fitting)} files are named {name!r}", "the name of a VCF file, or of the sample it is named for"
        )
    return fitting[0], sample if named else None


@lru_cache(maxsize=256)
def _called(file: Path, sample: str | None, assembly: str, sex: str | None) -> dict[str, GeneResult]:
    from tools.pgx.definitions import definitions
    from tools.pgx.genotypes import read_sites
    from tools.pgx.tool import call_genes
    from tools.variants.reading import VariantFile

    named = known_assembly(assembly)
    assert named is not None
    table = definitions()
    opened = VariantFile(file, file.name, named)
    chosen = sample if sample in opened.header.samples else None
    if chosen is None and sample is not None and len(opened.header.samples) > 1:
        raise BadInput(file.name, "#CHROM", f"there is no sample {sample!r}", ", ".join(opened.header.samples[:10]))
    sites = read_sites(opened, [table.genes[g] for g in table.callable_genes()], chosen)
    return call_genes(table, sites, known_sex(sex.lower() if sex else None), assume_reference=False)


def _item(wanted: _Wanted) -> Item:
    header: dict[str, Any] = {"id": _name(wanted), "group": wanted.gene}
    header["expected"] = "; ".join(x for x in (wanted.diplotype, wanted.phenotype) if x) or None
    if wanted.diplotype is None and wanted.phenotype is None:
        return Item(**header, verdict="not_scored", reason="no call is expected or named")
    found = _called(wanted.file, wanted.sample, wanted.assembly, wanted.sex).get(wanted.gene)
    settled = found is not None and bool(found.diplotypes) and (found.fitting == 1 or found.phenotype is not None)
    if found is None or not settled:
        none_wanted = (wanted.diplotype or wanted.phenotype or "").casefold() in NO_CALL
        reason = "no position was read" if found is None else f"{found.fitting} diplotypes fit"
        values = _values(wanted, found) if found else {}
        return Item(**header, verdict="right" if none_wanted else "abstained", reason=reason, values=values)
    values = _values(wanted, found)
    right = values["diplotype"] if "diplotype" in values else values["phenotype"]
    return Item(**header, verdict="right" if right else "wrong", values=values,
                given="; ".join(x for x in (found.diplotypes[0], found.phenotype) if x))  # fmt: skip


def _values(wanted: _Wanted, found: GeneResult) -> dict[str, float]:
    made = {}
    if wanted.diplotype:
        meant = same_diplotypes(wanted.diplotype)
        held = [alleles(text) for text in found.diplotypes]
        made["diplotype"] = float(bool(held) and held[0] in meant)
        made["among fitting"] = float(any(item in meant for item in held))
        made["if reference"] = float(alleles(found.diplotype_if_reference or "") in meant)
    if wanted.phenotype:
        made["phenotype"] = float(_word(found.phenotype or "") == _word(wanted.phenotype))
    return made


def alleles(text: str) -> tuple[str, ...]:
    """The alleles of a diplotype in a fixed order, without the gene's name."""
    bare = re.sub(r"^\s*[A-Z][A-Z0-9-]{2,}\s*[:=]?\s+(?=\S)", "", text.strip())
    return tuple(sorted(" ".join(part.split()) for part in bare.split("/")))


def same_diplotypes(text: str) -> set[tuple[str, ...]]:
    """The diplotypes that an expected cell accepts."""
    return {alleles(part) for part in _ALTERNATIVES.split(text) if part.strip()}


def _word(phenotype: str) -> str:
    plain = " ".join(phenotype.casefold().replace("metaboliser", "metabolizer").split())
    return _SHORT.get(plain, plain)


def _more(items: Sequence[Item]) -> list[Figure]:
    names = {
        "phenotype": "phenotype right",
        "among fitting": "expected diplotype among those that fit",
        "if reference": "diplotype right, unread positions as reference",
    }
    made = []
    for key, name in names.items():
        held = [item.values[key] for item in scorable(items) if key in item.values]
        made.append(Figure(name=name, estimate=wilson(round(sum(held)), len(held)), about="of rows that give one"))
    return made

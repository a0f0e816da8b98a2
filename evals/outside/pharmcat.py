"""PharmCAT-style pharmacogenomics: VCF files and a table of expected calls, one row a sample and gene.

Columns: sample or file, gene, diplotype, phenotype, activity score (some may be empty); or one column a gene; or JSON,
sample -> gene -> call. The assembly is GRCh38, as PharmCAT requires, unless a column `assembly` says otherwise.
Positions that the file does not list are unknown, so several diplotypes may fit; where they disagree there is no call.
What it would be if they were the reference is counted apart. How calls may be written: `star_names`.
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
from evals.outside.rows import LINES, TABLES, TREES, Row, kind_of, read_rows
from evals.outside.star_names import alleles, cells, same_phenotype, variants, without_normal
from evals.scoring.intervals import wilson
from knowledge.errors import BadInput

if TYPE_CHECKING:
    from tools.pgx.definitions import Gene
    from tools.pgx.report import GeneResult

FORM = "a folder with VCF files and one table of expected calls (sample, gene, diplotype, phenotype)"
NO_CALL = ("", "unknown", "unknown/unknown", "no call", "nocall", "indeterminate", "n/a", "na", ".", "no result")
GENE, SAMPLE, FILE = ("gene", "gene symbol"), ("sample", "sample id", "sample name"), ("file", "vcf", "vcf file")
DIPLOTYPE = ("diplotype", "source diplotype", "expected diplotype", "genotype", "call", "expected", "expected call")
PHENOTYPE = ("phenotype", "expected phenotype", "metabolizer status", "metaboliser status", "function")
SCORE = ("activity score", "activityscore", "gene activity score", "score")
_VCF = re.compile(r"\.(?:vcf|bcf)(?:\.b?gz)?$", re.IGNORECASE)


class _Wanted(NamedTuple):
    file: Path
    sample: str | None
    gene: str
    diplotypes: tuple[str, ...]
    phenotypes: tuple[str, ...]
    score: str | None
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
    if not folder.is_dir():
        raise BadInput(folder.name, "the path", "it is not a folder", FORM)
    files = sorted(p for p in folder.rglob("*") if _VCF.search(p.name))
    tables = sorted(
        p for p in folder.iterdir()
        if p.is_file() and kind_of(p) in (*TABLES, *TREES, *LINES) and "readme" not in p.name.lower()
    )  # fmt: skip
    if not files or len(tables) != 1:
        raise BadInput(folder.name, "the folder", f"it holds {len(files)} VCF files and {len(tables)} tables", FORM)
    for row in read_rows(tables[0], FORM):
        yield from _of_row(row, files)


def _of_row(row: Row, files: Sequence[Path]) -> Iterator[_Wanted]:
    """The calls that a row expects: of one gene, or of each gene that has a column or key."""
    from tools.pgx.definitions import definitions

    genes = definitions().genes
    about = (row.text("assembly", "build", "genome") or "GRCh38", row.text("sex", "gender"))
    tree_gene = row.text("_id") if row.text("_set") and row.text("_id") in genes else None
    gene = row.text(*GENE) or tree_gene
    if gene is not None:
        gene = next((name for name in genes if name.casefold() == gene.casefold()), gene)
        file, sample = _file_of(row, files, gene, "_set" if tree_gene else "_id")
        made = (tuple(cells(row.get(*DIPLOTYPE))), tuple(cells(row.get(*PHENOTYPE))), row.text(*SCORE))
        yield _Wanted(file, sample, gene, *made, *about)
        return
    wide = [name for name in row.values if name in genes]
    if not wide:
        raise row.bad("there is no 'gene'", "a column gene, or one column a gene")
    for name in wide:
        file, sample = _file_of(row, files, name, "_id")
        held = row.values[name]
        inner = Row(row.file, f"{row.place} / {name}", held) if isinstance(held, dict) else None
        if inner is not None:
            made = (tuple(cells(inner.get(*DIPLOTYPE))), tuple(cells(inner.get(*PHENOTYPE))), inner.text(*SCORE))
        else:
            made = (tuple(cells(row.get(name))), (), None)
        yield _Wanted(file, sample, name, *made, *about)


def _file_of(row: Row, files: Sequence[Path], gene: str, key: str) -> tuple[Path, str | None]:
    """The file of a row, and the sample in it.

    By a column (a path or a name), by a file named after the sample, by the sample names in the files, or the only
    file. Of several with one name, the one in a folder or with a name of the gene.
    """
    sample, named = row.text(*SAMPLE) or row.text(key), row.text(*FILE)
    name = named or sample or ""
    tail = "/" + _VCF.sub("", name.replace("\\", "/")).strip("/")
    fitting = [f for f in files if name and _VCF.sub("", f.as_posix()).endswith(tail)]
    if not fitting and name:
        fitting = [f for f in files if f.name.split(".")[0] == Path(name).name.split(".")[0]]
    by_header = not fitting and named is None and sample is not None
    if by_header:
        fitting = [f for f in files if sample in _samples(f)]
    if len(fitting) > 1:
        about_gene = [f for f in fitting if gene.casefold() in f.as_posix().casefold()]
        fitting = about_gene if len(about_gene) == 1 else fitting
    if not fitting and len(files) == 1 and named is None:
        return files[0], sample
    if len(fitting) != 1:
        raise row.bad(
            f"{len(fitting)} files are named {name!r}", "the name of a VCF file, or of the sample it is named for"
        )
    return fitting[0], sample if named or by_header else None


@lru_cache(maxsize=4096)
def _samples(file: Path) -> tuple[str, ...]:
    from tools.variants.reading import VariantFile

    for assembly in ("GRCh38", "GRCh37"):
        try:
            return VariantFile(file, file.name, assembly).header.samples
        except BadInput:
            continue
    return ()


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
    texts = [*wanted.diplotypes, *wanted.phenotypes, *([wanted.score] if wanted.score else [])]
    header["expected"] = "; ".join(texts) or None
    if not texts:
        return Item(**header, verdict="not_scored", reason="no call is expected or named")
    found = _called(wanted.file, wanted.sample, wanted.assembly, wanted.sex).get(wanted.gene)
    settled = found is not None and bool(found.diplotypes) and (found.fitting == 1 or found.phenotype is not None)
    values = _values(wanted, found) if found else {}
    if found is None or not settled:
        none_wanted = all(text.casefold() in NO_CALL for text in texts)
        reason = "no position was read" if found is None else f"{found.fitting} diplotypes fit"
        return Item(**header, verdict="right" if none_wanted else "abstained", reason=reason, values=values)
    right = next(values[key] for key in ("diplotype", "phenotype", "activity score") if key in values)
    return Item(**header, verdict="right" if right else "wrong", values=values,
                given="; ".join(x for x in (found.diplotypes[0], found.phenotype) if x))  # fmt: skip


def _values(wanted: _Wanted, found: GeneResult) -> dict[str, float]:
    from tools.pgx.definitions import definitions

    gene, made = definitions().genes[wanted.gene], {}
    if wanted.diplotypes:
        held = [alleles(text, gene) for text in found.diplotypes]
        said = [alleles(text, gene) for text in wanted.diplotypes]
        if_reference = alleles(found.diplotype_if_reference or "", gene)
        made["diplotype"] = float(_same(held[:1], said, gene) or _carries(wanted.diplotypes, found, gene))
        made["among fitting"] = float(bool(made["diplotype"]) or _same(held, said, gene))
        made["if reference"] = float(_same([if_reference], said, gene))
    if wanted.phenotypes:
        made["phenotype"] = float(
            any(same_phenotype(found.phenotype or "", text, gene.name) for text in wanted.phenotypes)
        )
    if wanted.score:
        made["activity score"] = float(
            found.activity_score is not None and _number(wanted.score) == found.activity_score
        )
    return made


def _same(held: Sequence[tuple[str, ...]], said: Sequence[tuple[str, ...]], gene: Gene) -> bool:
    """Whether a diplotype is among those expected; in DPYD also with variants of normal function as the reference."""
    if any(item in said for item in held):
        return True
    return gene.name == "DPYD" and any(without_normal(item, gene) in said for item in held)


def _carries(said: Sequence[str], found: GeneResult, gene: Gene) -> bool:
    """Whether the expected cell lists exactly the variants that were read, of a gene with one variant an allele."""
    if not found.carried:
        return False
    listed = [variants(text, gene) for text in (*said, ", ".join(said))]
    return any(item == frozenset(found.carried) for item in listed if item)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _more(items: Sequence[Item]) -> list[Figure]:
    names = {
        "diplotype": "first diplotype right, whether or not it settles the call",
        "phenotype": "phenotype right",
        "activity score": "activity score right",
        "among fitting": "expected diplotype among those that fit",
        "if reference": "diplotype right, unread positions as reference",
    }
    made = []
    for key, name in names.items():
        held = [item.values[key] for item in scorable(items) if key in item.values]
        if held or key != "activity score":
            made.append(Figure(name=name, estimate=wilson(round(sum(held)), len(held)), about="of rows that give one"))
    return made

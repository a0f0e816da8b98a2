"""A cohort's rare variants by gene, from an annotated multi-sample VCF, and who is a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadInput, ToolRetry
from tools.variants.consequences import in_file
from tools.variants.reading import Assembly, ReadingReport, VariantFile, parse_record

if TYPE_CHECKING:
    import pandas as pd

DAMAGING = frozenset({
    "stop_gained", "frameshift_variant", "splice_donor_variant", "splice_acceptor_variant", "start_lost", "stop_lost",
    "missense_variant", "inframe_deletion", "inframe_insertion", "inframe_indel",
})  # fmt: skip
PHENOTYPES = "a TSV or CSV with the columns sample and case (1 or 0), and a number in every further column (covariates)"


@dataclass
class Cohort:
    """Cases, covariates and genotypes.

    Attributes:
        samples: those with a phenotype, in the order of the file.
        case: 1 or 0, shape (samples,).
        covariates: shape (samples, covariates).
        genes: gene -> copies of the alternate allele, shape (variants, samples); -1 where not called.
        report: what reading saw.
        common: alleles left out because they are not rare in the cohort.
    """

    samples: tuple[str, ...]
    case: NDArray[np.float64]
    covariates: NDArray[np.float64]
    genes: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    report: ReadingReport = field(default_factory=ReadingReport)
    common: int = 0


def read_phenotypes(
    path: Path, samples: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Samples with a phenotype, case status and covariates (samples, covariates).

    Raises:
        BadInput: the file is not such a table, or cases or controls are missing.
    """
    import pandas as pd

    if not path.is_file():
        raise BadInput(path.name, "the path", "it is not there", PHENOTYPES)
    try:
        frame = pd.read_csv(path, sep="," if path.suffix.lower() == ".csv" else "\t", dtype={"sample": str})
        frame = frame.set_index("sample").astype(float)
        case = frame.pop("case")
    except (KeyError, ValueError, UnicodeDecodeError):
        raise BadInput(path.name, "the columns", "it is not such a table", PHENOTYPES) from None
    if frame.index.has_duplicates or not np.isfinite(frame.to_numpy()).all() or not set(case) <= {0.0, 1.0}:
        raise _bad_row(path, frame, case)
    kept = tuple(name for name in samples if name in frame.index)
    status = case.loc[list(kept)].to_numpy()
    if min(status.sum(), len(status) - status.sum()) < 5:
        raise BadInput(path.name, "column case", "fewer than 5 cases or controls are in the VCF", PHENOTYPES)
    return kept, status, frame.loc[list(kept)].to_numpy()


def _bad_row(path: Path, frame: pd.DataFrame, case: pd.Series[float]) -> BadInput:
    """The first row that is wrong, by its line, and why."""
    twice, missing, coded = frame.index.duplicated(), ~np.isfinite(frame.to_numpy()).all(axis=1), ~case.isin([0.0, 1.0])
    place = int(np.flatnonzero(twice | missing | coded.to_numpy())[0])
    problem = "its sample is there twice" if twice[place] else "case is neither 1 nor 0"
    if missing[place]:
        problem = "a value is missing"
    return BadInput(path.name, f"line {place + 2}", problem, PHENOTYPES)


def read_cohort(
    path: Path, assembly: Assembly, phenotypes: Path, highest_frequency: float = 0.01, terms: frozenset[str] = DAMAGING
) -> Cohort:
    """Rare variants by gene.

    Args:
        path: a VCF or BCF with several samples that carries CSQ, ANN or BCSQ.
        assembly: of the file.
        phenotypes: see `PHENOTYPES`.
        highest_frequency: of the alternate allele in the cohort, above which it is left out.
        terms: consequences that count.

    Raises:
        BadInput: a file is not as it has to be.
        ToolRetry: the frequency is no frequency.
    """
    if not 0 < highest_frequency <= 0.5:
        raise ToolRetry("The highest allele frequency has to be above 0 and at most 0.5.")
    if not path.is_file():
        raise BadInput(path.name, "the path", "it is not there", "a VCF or BCF with several samples")
    file = VariantFile(path, path.name, assembly)
    if not file.header.fields:
        raise BadInput(path.name, "the header", "it carries no consequence", "a VCF annotated with CSQ, ANN or BCSQ")
    names, case, covariates = read_phenotypes(phenotypes, file.header.samples)
    places = [file.header.samples.index(name) for name in names]
    cohort = Cohort(names, case, covariates)
    rows: dict[str, list[NDArray[np.int8]]] = defaultdict(list)
    for first, lines in file.blocks():
        for offset, raw in enumerate(lines):
            if raw.strip():
                cohort.report.records += 1
                _add(raw, first + offset, file, places, highest_frequency, terms, cohort, rows)
    cohort.genes = {gene: np.array(found) for gene, found in sorted(rows.items())}
    return cohort


def _add(
    raw: bytes, line: int, file: VariantFile, places: list[int], highest: float, terms: frozenset[str],
    cohort: Cohort, rows: dict[str, list[NDArray[np.int8]]],
) -> None:  # fmt: skip
    record = parse_record(raw, line, len(file.header.samples), None, cohort.report)
    if record is None or record.filters not in ("PASS", ".", ""):
        return
    cells = raw.decode("utf-8", errors="replace").rstrip("\r").split("\t")[9:]
    for number, alt in enumerate(record.alts, start=1):
        found = in_file(record, alt, file.header.fields, {})
        if found is None or found.term not in terms:
            continue
        copies = np.array([_copies(cells[place], number) for place in places], dtype=np.int8)
        called = copies >= 0
        frequency = copies[called].sum() / max(2 * called.sum(), 1)
        if frequency > highest:
            cohort.common += 1
        elif frequency > 0:
            rows[found.gene].append(copies)


def _copies(cell: str, number: int) -> int:
    """Copies of one allele in a sample's column; -1 where a part of the genotype is not called."""
    alleles = cell.split(":", 1)[0].replace("|", "/").split("/")
    return -1 if "." in alleles or "" in alleles else sum(allele == str(number) for allele in alleles)

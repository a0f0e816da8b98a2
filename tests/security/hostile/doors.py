"""Every parser that reads a file from outside, called the way its tool calls it inside the limited child process."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from knowledge.errors import ConsiliumError

Outcome = tuple[str, str, float]


def case_yaml(path: Path) -> None:
    """`case.yaml`."""
    from tools.intake.parsers import read_yaml_file
    from tools.intake.schema import parse_case_file

    parse_case_file(read_yaml_file(str(path), path.name), path.name)


def fhir(path: Path) -> None:
    """A FHIR bundle."""
    from tools.intake.fhir import FhirReader
    from tools.intake.parsers import read_fhir_file

    FhirReader("fhir-1", path.name).read(json.loads(json.dumps(read_fhir_file(str(path), path.name))))


def note(path: Path) -> None:
    """A note, as text and for de-identification."""
    from tools.deid.find import find_identifiers
    from tools.intake.folder import CaseFile
    from tools.intake.texts import date_of, language_of, read_note

    text = read_note(CaseFile(path, path.name, "note", path.stat().st_size))
    language_of(text), date_of(path.stem, text), find_identifiers(text)


def vcf(path: Path) -> None:
    """A variant file, every record of it."""
    from tools.variants.reading import ReadingReport, VariantFile, parse_record

    file = VariantFile(path, path.name, "GRCh38")
    samples, report = len(file.header.samples), ReadingReport()
    for first, lines in file.blocks():
        for offset, line in enumerate(lines):
            parse_record(line, first + offset, samples, 0 if samples else None, report)


def image(path: Path) -> None:
    """A DICOM file or folder, NIfTI, NRRD."""
    from tools.imaging.intake import read_to_file

    with tempfile.TemporaryDirectory() as folder:
        read_to_file(str(path), str(Path(folder) / "out.npy"), path.name, None)


def structure(path: Path) -> None:
    """A PDB or mmCIF file."""
    from tools.protein.reading import read_structure

    read_structure(path, path.name)


def document(path: Path) -> None:
    """A guideline document: PDF, DOCX, HTML, Markdown or text."""
    from knowledge.ingest.extract import extract_pages, sniff
    from knowledge.ingest.pdf import count_pages, extract_range

    kind = sniff(path, path.name)
    if kind == "pdf":
        extract_range(str(path), path.name, 0, min(count_pages(str(path), path.name), 3))
    else:
        extract_pages(str(path), path.name, kind)


DOORS: dict[str, Callable[[Path], None]] = {
    "case_yaml": case_yaml,
    "fhir": fhir,
    "note": note,
    "vcf": vcf,
    "dicom": image,
    "nifti": image,
    "structure": structure,
    "pdf": document,
    "docx": document,
    "html": document,
}
PARSERS = tuple(DOORS)
# Parsers that may run out of memory on a lying header: the limit of their child process is their control.
MEMORY_IS_A_REFUSAL = frozenset({"dicom", "nifti", "pdf", "docx"})


def read_all(family: str, folder: str, scratch: str) -> dict[str, Any]:
    """Read every file of `folder` through the door of `family`: name -> (what came of it, where, seconds).

    What the doors write goes into `scratch`.

    `read`, `refused` (a typed error), `memory`, or the name of an exception that nobody meant, with its place.
    """
    tempfile.tempdir = scratch
    found: dict[str, Outcome] = {}
    for path in sorted(Path(folder).iterdir()):
        began = time.perf_counter()
        try:
            DOORS[family](path)
            outcome, place = "read", ""
        except ConsiliumError:
            outcome, place = "refused", ""
        except MemoryError:
            outcome, place = "memory", ""
        except Exception as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            line = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
            outcome, place = type(error).__name__, line
        found[path.name] = (outcome, place, time.perf_counter() - began)
    return found

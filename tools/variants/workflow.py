"""One call of the tool: tables, files, texts, and what holds over all variants together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from knowledge.errors import BadInput
from tools.case import Attachment
from tools.variants.acmg_evidence import frequency_table
from tools.variants.annotate import Annotator, Counts
from tools.variants.from_text import annotate_text
from tools.variants.lookup import civic_table, clinvar_table
from tools.variants.model import AnnotatedVariant, Origin
from tools.variants.reading import Assembly, VariantFile
from tools.variants.reference import Reference, base_reader, registered, with_consequences
from tools.variants.secondary import pairs_marked
from tools.variants.therapy import overruled
from tools.variants.tool import DrugVerdict, FileSummary

OLD_AFTER_YEARS = 2.0
_LEAST_CHECKED = 5


class Workflow:
    """Annotates files and texts for one tumour type and keeps what the result needs."""

    def __init__(self, tumour: str | None) -> None:
        self.tumour = tumour
        self.clinvar, self.civic = clinvar_table(), civic_table()
        self.summaries: list[FileSummary] = []
        self.assemblies: list[Assembly] = []

    def file(self, file: VariantFile, attachment: Attachment, strict: bool) -> tuple[list[AnnotatedVariant], list[str]]:
        """Variants of one file, and warnings. Raises `BadInput` where its bases are not those of its assembly."""
        counts = Counts()
        reference = registered(file.assembly)
        annotator = Annotator(self.clinvar, self.civic, attachment.origin, self.tumour)
        if file.assembly not in self.assemblies:
            self.assemblies.append(file.assembly)
        annotator.frequencies = frequency_table(file.assembly)
        if reference is not None:
            annotator.base = base_reader(reference)
        added = with_consequences(file, reference) if reference and not file.header.fields else None
        try:
            read = file
            if added is not None:
                read, annotator.line_shift = added[0], added[0].header.lines - file.header.lines
            rows = list(annotator.file(read, attachment.sample, counts))
        finally:
            if added is not None:
                added[1].unlink(missing_ok=True)
        report = counts.reading
        if strict and report.problems:
            first = report.problems[0]
            raise BadInput(file.name, f"line {first.line}", first.text, "a file without a bad record")
        wrong = counts.reference_differs
        if len(wrong) >= _LEAST_CHECKED and len(wrong) > counts.reference_agrees:
            raise BadInput(
                file.name, f"line {wrong[0]}",
                f"REF differs from {file.assembly} here and at {len(wrong) - 1} other known positions, and agrees at "
                f"{counts.reference_agrees}", f"a file on {file.assembly}",
            )  # fmt: skip
        self.summaries.append(_summary(file, attachment, counts))
        if attachment.origin == "germline":
            rows = pairs_marked(rows)
        warnings = _warnings(file, attachment, counts)
        if not file.header.fields and report.records:
            warnings.append(_how_explained(file, reference, added is not None))
        return rows, warnings

    def text(self, text: str, origin: Origin | None, assembly: Assembly | None) -> AnnotatedVariant:
        """One variant as written; a position needs its assembly."""
        return annotate_text(Annotator(self.clinvar, self.civic, origin, self.tumour), text, assembly)

    def verdicts(self, rows: Sequence[AnnotatedVariant]) -> tuple[DrugVerdict, ...]:
        """Drugs for which resistance beats sensitivity among all variants that passed the caller's filters."""
        present = [row for row in rows if row.allele is None or row.allele.passed]
        against = overruled(item for row in present for item in row.therapies)
        return tuple(
            DrugVerdict(drug=drug, variant=f"{item.gene} {item.variant}", level=item.level, disease=item.disease)
            for drug, item in sorted(against.items())
        )

    def releases(self) -> tuple[str, ...]:
        """The releases in use."""
        return (self.clinvar.release.label(), self.civic.release.label())

    def table_warnings(self) -> tuple[str, ...]:
        """Warnings on tables older than two years, and on records without a place on an assembly."""
        today = dt.date.today()
        found = []
        for assembly in self.assemblies:
            missing = self.clinvar.unplaced(assembly)
            if missing:
                found.append(
                    f"{missing} of {self.clinvar.release.records} records of {self.clinvar.release.label()} have no "
                    f"certain place on {assembly} (chromosome X among them) and are found by name only."
                )
        for release in (self.clinvar.release, self.civic.release):
            age = release.age_years(today)
            if age is not None and age > OLD_AFTER_YEARS:
                found.append(
                    f"{release.label()} is more than {int(age)} years old; classifications may have changed. "
                    f"Import a current one with: consilium knowledge import {release.name} FILE."
                )
        return tuple(found)


def _summary(file: VariantFile, attachment: Attachment, counts: Counts) -> FileSummary:
    report = counts.reading
    return FileSummary(
        handle=attachment.handle, name=file.name, assembly=file.assembly, origin=attachment.origin,
        sample=attachment.sample or (file.header.samples[0] if len(file.header.samples) == 1 else None),
        records=report.records, bad_records=report.bad_records, alleles_near_tables=counts.alleles,
        not_in_sample=counts.not_in_sample, benign=counts.benign, without_meaning=counts.without_meaning,
        unhandled=tuple(f"line {item.line}: {item.text}" for item in report.unhandled),
        problems=tuple(f"line {item.line}: {item.text}" for item in report.problems),
    )  # fmt: skip


def _warnings(file: VariantFile, attachment: Attachment, counts: Counts) -> list[str]:
    report, found = counts.reading, []
    if report.bad_records:
        first = report.problems[0]
        found.append(f"{file.name}: {report.bad_records} records were left out; line {first.line}: {first.text}.")
    if report.unhandled_alleles:
        found.append(
            f"{file.name}: {report.unhandled_alleles} structural or symbolic alleles are not interpreted; line "
            f"{report.unhandled[0].line}: {report.unhandled[0].text}."
        )
    if counts.reference_differs:
        found.append(
            f"{file.name}: at {len(counts.reference_differs)} known positions REF is not the base of {file.assembly}; "
            f"the first is line {counts.reference_differs[0]}."
        )
    if attachment.origin is None:
        found.append(f"{file.name}: name its origin (germline or somatic); without it no patient fact is set.")
    if not file.header.samples:
        found.append(f"{file.name} has no sample column; its variants are taken as present in the patient.")
    return found


def _how_explained(file: VariantFile, reference: Reference | None, added: bool) -> str:
    """Where the consequences of a file without CSQ and ANN come from."""
    only = "only variants that a table lists are explained."
    if reference is None or reference.gff3 is None:
        return f"{file.name} carries no consequence annotation (CSQ, ANN); {only}"
    with_what = f"{reference.fasta.name} and {reference.gff3.name}"
    if added:
        return f"{file.name}: consequences by bcftools csq with {with_what}."
    return f"{file.name}: bcftools csq could not read it with {with_what}; {only}"

"""Attacks on each family of files that are made on purpose: bombs, lies about lengths, loops, scripts, ways out."""

from __future__ import annotations

from collections.abc import Callable

from tests.security.hostile.attacks_documents import docx_family, html, pdf_family
from tests.security.hostile.attacks_scans import dicom, nifti_family
from tests.security.hostile.attacks_text import case_yaml, fhir, note
from tests.security.hostile.attacks_variants import structure, vcf
from tests.security.hostile.families import Files

ATTACKS: dict[str, Callable[[], Files]] = {
    "case_yaml": case_yaml,
    "fhir": fhir,
    "note": note,
    "vcf": vcf,
    "dicom": dicom,
    "nifti": nifti_family,
    "structure": structure,
    "pdf": pdf_family,
    "docx": docx_family,
    "html": html,
}

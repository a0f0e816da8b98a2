"""The report as a FHIR R4 document, with the genomics reporting guide's profiles for variants."""

from agent.export.fhir.document import fhir_document, render_fhir

__all__ = ["fhir_document", "render_fhir"]

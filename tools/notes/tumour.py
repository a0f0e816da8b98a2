"""Everything that a note says of a tumour: its type, extent, markers and treatment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tools.notes.document import Document
from tools.notes.inherited import inherited_facts
from tools.notes.lymphoma import lymphoma_facts
from tools.notes.oncology_course import course_facts
from tools.notes.pharmacogenes import pharmacogene_facts
from tools.notes.rare_tumours import rare_tumour_facts
from tools.notes.renal_cancer import renal_facts
from tools.notes.terms import Term
from tools.notes.tumour_context import Said
from tools.notes.tumour_genes import gene_facts
from tools.notes.tumour_measures import measure_facts
from tools.notes.tumour_receptors import receptor_facts
from tools.notes.tumour_stage import stage_facts
from tools.notes.tumour_statements import statement_facts
from tools.notes.tumour_treatment import is_cancer_drug, treatment_facts
from tools.notes.tumour_type import only_former, tumour_types

_TYPE = "tumour.type="


def is_read_there(name: str) -> bool:
    """Whether a name that the vocabulary's phrases found is read by the tumour reader and by no other."""
    return name.startswith((_TYPE, "biomarker.")) or is_cancer_drug(name)


def tumour_facts(document: Document, terms: Iterable[Term]) -> Iterator[Said]:
    """Every fact of a tumour, its markers and its treatment, with its context."""
    found = list(terms)
    types = [(t.name.removeprefix(_TYPE), t.start, t.end) for t in found if t.name.startswith(_TYPE)]
    drugs = [(t.name, t.start, t.end) for t in found if t.name.startswith("medication.")]
    named = list(tumour_types(document, types))
    former = only_former(document, types)
    yield from named
    yield from (said for said in _extent_and_treatment(document, drugs, named) if not _lies_in(said, former))
    yield from receptor_facts(document)
    yield from gene_facts(document)
    yield from pharmacogene_facts(document)
    yield from inherited_facts(document)
    yield from rare_tumour_facts(document)
    yield from lymphoma_facts(document)
    yield from course_facts(document)
    yield from (said for said in renal_facts(document) if said is not None)


def _extent_and_treatment(document: Document, drugs: list[tuple[str, int, int]], named: list[Said]) -> Iterator[Said]:
    yield from statement_facts(document)
    yield from stage_facts(document)
    known = any(said.context.time == "current" for said in named)
    yield from (said for said in measure_facts(document) if known or said.hit.fact.name != "tumour.size")
    yield from treatment_facts(document, drugs)


def _lies_in(said: Said, places: list[tuple[int, int]]) -> bool:
    return any(start <= said.hit.start < end for start, end in places)

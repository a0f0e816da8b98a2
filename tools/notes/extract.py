"""`extract`: every fact that a note states, with the exact characters, who it is about, and whether it is denied."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from knowledge.facts import Fact, vocabulary
from tools.notes.anaphylaxis import acute_anaphylaxis
from tools.notes.antiphospholipid import antiphospholipid_syndrome
from tools.notes.archive import is_archived, without_old_news
from tools.notes.breathing import breathing_hits
from tools.notes.chest_pain import chest_pain_hits
from tools.notes.clinical import clinical_hits
from tools.notes.context import Context, Experiencer, context_of, is_awaited
from tools.notes.country import country_hits
from tools.notes.course import comes_after, is_later, long_past, phase_of
from tools.notes.criteria import criteria_in
from tools.notes.document import Document, Sentence, first_date, read
from tools.notes.doses import dose_hits
from tools.notes.drugs import drug_fact, is_asked, tells_of_an_allergy
from tools.notes.family import family_facts, family_name
from tools.notes.finding import Finding, Phase
from tools.notes.general import general_hits
from tools.notes.hits import Hit
from tools.notes.immune_events import immune_event_hits
from tools.notes.lump import lump_hits
from tools.notes.nodules import nodule_hits
from tools.notes.onset import onset_hits
from tools.notes.organ_masses import mass_hits
from tools.notes.person import person_hits
from tools.notes.relatives import as_of_relatives
from tools.notes.reproductive import reproductive_hits
from tools.notes.ret import ret_hits
from tools.notes.scores import score_hits
from tools.notes.smoking import smoking_hits
from tools.notes.terms import Term, terms_in
from tools.notes.thyroid import thyroid_hits
from tools.notes.transformation import with_transformation
from tools.notes.tumour import is_read_there, tumour_facts
from tools.notes.values import measured_values
from tools.notes.vitals import vital_hits

_MEASURED = ("lab.", "vital.", "ecg.", "patient.weight", "patient.height", "patient.bmi")
_SIZES = frozenset({"patient.weight", "patient.height"})
_EPISODIC = re.compile(
    r"^(?:symptom\.|finding\.|medication\.|condition\.(?:myocardial_infarction_acute|pneumonia|"
    r"distal_dvt|sepsis|septic|bacteraemia|urinary_tract|cellulitis|"
    r"meningitis|influenza|covid|acute_|hypo(?!thyroid)|hyperk|hypercalc|hypercapn|hospitalised|neutropenia|"
    r"thrombocytopenia|active_|febrile_|status_|hyperosmolar|organ_malperfusion|refractory_ischaemia))"
)
# What a score of admission asks for as it was then.
_OF_ADMISSION = frozenset({"symptom.confusion", "finding.pleural_effusion", "condition.pleural_effusion"})
# States that begin at some time. Of conditions, these happen in the course of an illness; others last.
_STATES = ("condition.", "symptom.", "finding.", "medication.", "procedure.", "tumour.", "therapy.", "judgement.")
_EVENTS = frozenset(
    {
        "condition.stroke", "condition.myocardial_infarction", "condition.deep_vein_thrombosis",
        "condition.pulmonary_embolism", "condition.vte_history", "condition.hemiplegia", "condition.bed_rest",
        "condition.confined_to_bed_72h", "condition.immobilisation_recent", "condition.mechanical_ventilation",
        "condition.surgery_within_4_weeks", "condition.trauma_recent", "condition.bleeding_history",
        "condition.leg_fracture_within_4_weeks", "condition.plaster_cast", "condition.cardiac_arrest",
        "procedure.central_venous_access",
    }
)  # fmt: skip
# A condition of which the history counts on its own.
_EARLIER = {
    "condition.deep_vein_thrombosis": "condition.vte_history",
    "condition.pulmonary_embolism": "condition.vte_history",
}
# What an acute condition of an earlier time is.
_AS_HISTORY = {
    "condition.myocardial_infarction_acute": "condition.myocardial_infarction",
    "condition.acute_coronary_syndrome": "condition.coronary_artery_disease",
    "condition.stemi": "condition.myocardial_infarction",
    "condition.nstemi": "condition.myocardial_infarction",
    "condition.nste_acs": "condition.coronary_artery_disease",
    "condition.aortic_dissection": "condition.aortic_dissection_chronic",
    "condition.aortic_dissection_type_a": "condition.aortic_dissection_chronic",
    "condition.aortic_dissection_type_b": "condition.aortic_dissection_chronic",
    "condition.ischaemic_stroke_acute": "condition.ischaemic_stroke",
    "condition.anaphylaxis_acute": "condition.anaphylaxis_history",
    "condition.upper_gastrointestinal_bleeding": "condition.gastrointestinal_bleeding",
    "condition.variceal_bleeding": "condition.gastrointestinal_bleeding",
    "condition.heart_failure_acute_decompensated": "condition.heart_failure",
    "condition.diabetic_ketoacidosis": "condition.diabetic_ketoacidosis_history",
}
_RESOLVED = re.compile(r"resolved|settled|subsided|gone|缓解|消失|消退", re.I)
# `No previous DVT or PE` is about former ones; what is asked now is whether there is one.
_OF_NOW = frozenset({"condition.deep_vein_thrombosis", "condition.pulmonary_embolism"})
# A year directly beside a mention.
_YEAR_AFTER = re.compile(
    r"(?:\s*(?:in|during|after|with|post) (?:(?:her|the|a|first|second|third|last) ){0,2}(?:pregnancy|surgery|"
    r"operation|childbirth|delivery|flight))?\s*(?:\(|,|-|in )?\s*(?:[A-Z][a-z]{2,8}\.? )?(?P<y>(?:19|20)\d\d)"
    r"(?!\d|\s*(?:mg|ml|mL))"
)
_YEAR_BEFORE = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)年?(?:\d{1,2}月)?[^，。；,;.\d]{0,6}$")


def extract(text: str, language: Literal["en", "zh"] = "en", date: dt.date | None = None) -> list[Finding]:
    """Every finding of a note, in the order of the text.

    Args:
        text: the note.
        language: of the rules to use.
        date: of the note; measured values carry it unless their section or sentence names another.
    """
    document = read(text, language, date)
    terms = list(terms_in(document))
    found = [
        *_from_hits(document),
        *_from_values(document),
        *_from_terms(document, [term for term in terms if not is_read_there(term.name)]),
        *_from_criteria(document),
        *_from_tumour(document, terms),
    ]
    unique = {(f.fact, f.start, f.end): f for f in found}
    unique |= {(f.fact, f.start, f.end): f for f in acute_anaphylaxis(unique.values())}
    unique = {(f.fact, f.start, f.end): f for f in with_transformation(unique.values())}
    unique |= {(f.fact, f.start, f.end): f for f in antiphospholipid_syndrome(document, unique.values())}
    ordered = sorted(unique.values(), key=lambda f: (f.start, f.end, f.fact.name))
    ordered = list(as_of_relatives(document, ordered))
    return _without_contradicted(_without_general_types(without_old_news(document, ordered)))


def _finding(document: Document, hit: Hit, context: Context, sentence: Sentence) -> Finding:
    fact, name = hit.fact, hit.fact.name
    measured = name.startswith(_MEASURED)
    phase = phase_of(document, sentence, hit) if measured else "unspecified"
    if name in _OF_ADMISSION and is_later(document, sentence, hit.start):
        phase = "later"
    elif fact.value is True and name.startswith(_STATES):
        lasting = not (name in _EVENTS or _EPISODIC.match(name))
        phase = "later" if comes_after(document, sentence, hit.start, lasting=lasting) else phase
    at = _moment(document, sentence, phase) if measured else None
    return Finding(
        fact=fact.model_copy(update={"at": at}) if at is not None else fact,
        start=hit.start,
        end=hit.end,
        quote=document.original[hit.start : hit.end],
        negated=fact.value is False,
        section=sentence.section.kind,
        experiencer=context.experiencer,
        time=context.time,
        phase=phase,
        assumed=hit.assumed,
    )


def _moment(document: Document, sentence: Sentence, phase: Phase) -> dt.date | None:
    if phase == "past":
        return None
    return first_date(document.words(sentence)) or sentence.section.date or document.date


def _from_hits(document: Document) -> Iterator[Finding]:
    readers = (
        person_hits,
        smoking_hits,
        vital_hits,
        nodule_hits,
        clinical_hits,
        breathing_hits,
        country_hits,
        dose_hits,
        chest_pain_hits,
        general_hits,
        reproductive_hits,
        onset_hits,
        score_hits,
        lump_hits,
        thyroid_hits,
        mass_hits,
        immune_event_hits,
        ret_hits,
    )
    for hit in (found for reader in readers for found in reader(document)):
        sentence = document.sentence_at(hit.start)
        context = context_of(document, sentence, hit.start, hit.end)
        if hit.fact.name.startswith(
            (
                "patient.",
                "smoking.",
                "grade.",
                "obstetric.",
                "vital.gcs",
                "heart.",
                "lab.troponin_ratio",
                "dose.glucocorticoid_wanted",
            )
        ):
            context = Context(experiencer=_whose(context)) if hit.fact.name in _SIZES else Context()
        elif hit.fact.name.startswith(_MEASURED):
            context = replace(context, experiencer=_whose(context))
        said = hit
        if hit.deniable and context.cue is not None:
            start, end = min(hit.start, context.cue[0]), max(hit.end, context.cue[1])
            said = hit._replace(fact=Fact(name=hit.fact.name, value=False), start=start, end=end)
        yield _finding(document, said, context, sentence)


def _from_values(document: Document) -> Iterator[Finding]:
    for sentence in document.sentences:
        for value in measured_values(document, sentence):
            hit = Hit(value.fact, value.start, value.end, value.assumed)
            context = context_of(document, sentence, value.start, value.end)
            made = _finding(document, hit, Context(experiencer=_whose(context)), sentence)
            yield made.model_copy(update={"phase": "before"}) if value.before and made.phase != "later" else made


def _from_terms(document: Document, terms: Iterable[Term]) -> Iterator[Finding]:
    for term in terms:
        sentence = document.sentence_at(term.start)
        context = context_of(document, sentence, term.start, term.end)
        context = _with_year(document, sentence, term.start, term.end, context)
        if term.name.startswith("medication.") and long_past(document, sentence, term.start, term.end):
            context = replace(context, time="historical")
        for fact, said in _term_facts(document, sentence, term, context):
            start, end = _with_denial(term, fact, said)
            earlier = _EARLIER.get(fact.name)
            past = said.time == "historical" or long_past(document, sentence, term.start, term.end)
            past = past and said.experiencer == "patient" and earlier in vocabulary()
            if not past or fact.value is False:
                yield _finding(document, Hit(fact, start, end), said, sentence)
            if past and earlier is not None:
                yield _finding(document, Hit(Fact(name=earlier, value=fact.value), start, end), said, sentence)


def _whose(context: Context) -> Experiencer:
    """Of whom a measured value is: a relative's is nobody's here, as there is no fact for it."""
    return "patient" if context.experiencer == "patient" else "other"


def _with_year(document: Document, sentence: Sentence, start: int, end: int, context: Context) -> Context:
    """A mention that stands beside an earlier year is of that time: `MI 2019`, `2019年急性心肌梗死`; so is one in an
    earlier document that the note carries."""
    if context.time == "current" and is_archived(document, start):
        return replace(context, time="historical")
    after = _YEAR_AFTER.match(document.text[end : sentence.end])
    before = _YEAR_BEFORE.search(document.text[sentence.start : start])
    year = after or before
    if year is None or context.time != "current" or document.date is None or int(year["y"]) >= document.date.year:
        return context
    return replace(context, time="historical")


def _from_criteria(document: Document) -> Iterator[Finding]:
    for said in criteria_in(document):
        name, sentence = said.hit.fact.name, document.sentence_at(said.hit.start)
        context = _with_year(document, sentence, said.hit.start, said.hit.end, said.context)
        if context.time == "historical" and _EPISODIC.match(name) and not context.negated:
            continue
        if _is_of_another_cancer(document, name, said.hit.start, said.hit.end):
            continue
        if name.startswith("medication.") and is_asked(document, sentence):
            continue
        if name.startswith("procedure.") and _WANTED.search(document.text[sentence.start : said.hit.start]):
            continue
        start, end = said.hit.start, said.hit.end
        if context.cue is not None and context.negated:
            start, end = min(start, context.cue[0]), max(end, context.cue[1])
        made = said.hit._replace(start=start, end=end)
        yield _finding(document, made, context, document.sentence_at(said.hit.start))


# `Wants bilateral mastectomy` says that it was not done.
_WANTED = re.compile(
    r"\b(?:wants?|would like|wish(?:es|ing)?|requests?|requesting|asks? (?:for|about)|asking (?:for|about)|"
    r"keen (?:on|for)|"
    r"considering|enquir\w+ about)\s+(?:a |an |to have (?:a |an )?|her |his |prophylactic |risk-?reducing )*$|"
    r"(?:要求|希望|想)(?:行|做)?$",
    re.I,
)


def _from_tumour(document: Document, terms: Iterable[Term]) -> Iterator[Finding]:
    for found in tumour_facts(document, terms):
        yield _finding(document, found.hit, found.context, document.sentence_at(found.hit.start))


def _with_denial(term: Term, fact: Fact, context: Context) -> tuple[int, int]:
    """The characters that say the fact: the name, and the words that deny it where they do."""
    if fact.value is not False or context.cue is None:
        return term.start, term.end
    return min(term.start, context.cue[0]), max(term.end, context.cue[1])


def _term_facts(document: Document, sentence: Sentence, term: Term, context: Context) -> Iterator[tuple[Fact, Context]]:
    prefix = term.name.split(".", 1)[0]
    if prefix in ("allergy", "medication"):
        made = drug_fact(document, sentence, term, context)
    elif context.experiencer == "family":
        name = family_name(term.name)
        if name is not None:
            yield from family_facts(document, sentence, name, term.start, term.end, context)
        return
    elif prefix == "family_history" or context.experiencer == "other":
        return
    elif tells_of_an_allergy(document, sentence, term.start):
        made = _reaction(term, context)
    elif _tells_nothing(document, sentence, term):
        return
    else:
        said = document.text[slice(*context.cue)] if context.cue else ""
        made = _patient_fact(term, context, _RESOLVED.search(said) is not None)
    if made is not None:
        yield made


# `No previous cancer`, `no haematological malignancy` say nothing of the present one.
_EARLIER_ONE = re.compile(
    r"\b(?:no|denies|without)\s+(?:any |known )?(?:previous|prior|past|history|ha?ematological)\b(?:\s+\w+){0,3}$|"
    r"(?:无|否认)(?:既往|血液系统)[^，。；]*$",
    re.I,
)


# `QuantiFERON-TB positive` names the test.
_TEST_FOR_TB = re.compile(r"Quanti-?FERON[- ]?TB|T-?SPOT\.?TB|结核感染T细胞", re.I)
# `Core biopsy left adrenal: adenoma. No malignancy`: that specimen is free of it, not the patient.
_SPECIMEN = re.compile(
    r"\b(?:biops\w+|bx|FNAC?|core|cytolog\w+|aspirat\w+|TBNA|EBUS|stations?|nodes?|margins?|polyps?)\b|穿刺|活检|淋巴结|切缘",
    re.I,
)
_NONE_THERE = re.compile(r"malignan|(?:no |without |not )|无恶性|恶性|癌", re.I)
_NODE_SAMPLE = re.compile(r"\b(?:stations?|EBUS|TBNA)\b[^.;\n]{0,40}$", re.I)


def _tells_nothing(document: Document, sentence: Sentence, term: Term) -> bool:
    """Whether a denial is of an earlier or another cancer, a test is awaited, or a disease names a test."""
    if term.name == "condition.tuberculosis":
        return _TEST_FOR_TB.search(document.text[max(0, term.start - 25) : term.end + 3]) is not None
    if term.name.startswith("test."):
        return is_awaited(document, sentence)
    return _is_of_another_cancer(document, term.name, term.start, term.end)


def _is_of_another_cancer(document: Document, name: str, start: int, end: int) -> bool:
    """Whether what is denied is a cancer of before, of another kind than the present one may be, or of one specimen;
    and whether what is metastatic is a lymph node."""
    before = document.text[max(0, start - 120) : start].split("\n\n")[-1]
    if name == "condition.metastatic_cancer":
        return _NODE_SAMPLE.search(before) is not None
    if name not in ("condition.cancer", "condition.active_cancer", "condition.solid_tumour"):
        return False
    if _SPECIMEN.search(before) and _NONE_THERE.match(document.text[start:end]):
        return True
    return _EARLIER_ONE.search(document.text[max(0, start - 30) : end]) is not None


def _reaction(term: Term, context: Context) -> tuple[Fact, Context] | None:
    """Under words for an allergy only a history of a reaction is a fact of the patient."""
    known = ("condition.anaphylaxis_history", "condition.angioedema_history")
    return (Fact(name=term.name, value=not context.negated), context) if term.name in known else None


def _patient_fact(term: Term, context: Context, over: bool) -> tuple[Fact, Context] | None:
    """`over`: the note says that it has resolved, which makes a disease a former one."""
    name = term.name
    if context.negated and over and name.startswith("condition.") and not _EPISODIC.match(name):
        context = replace(context, negated=False, time="historical")
    if context.time == "historical" and context.negated and name in _OF_NOW:
        return None
    if context.time == "historical" and not context.negated:
        name = _AS_HISTORY.get(name, name)
        if _EPISODIC.match(name):
            return None
    return Fact(name=name, value=not context.negated), context


def _without_contradicted(found: list[Finding]) -> list[Finding]:
    """Drop `no active cancer` of notes that tell of spread, relapse, progress or treatment; `no metastatic cancer` of
    those that tell of spread."""
    read = {f.fact.name for f in found if f.usable and f.experiencer == "patient" and f.fact.value is not False}
    spread = {"tumour.metastatic", "tumour.liver_metastases", "tumour.bone_metastases", "tumour.brain_metastases"}
    active = spread | {"tumour.recurrent", "tumour.progressing", "therapy.cancer_systemic"}
    refused = {"condition.metastatic_cancer"} if read & spread else set()
    refused |= {"condition.active_cancer"} if read & active else set()
    return [f for f in found if not (f.fact.name in refused and f.fact.value is False)]


def _without_general_types(found: Iterable[Finding]) -> list[Finding]:
    """Drop a tumour type of which the note names a narrower one."""
    findings = list(found)
    spec = vocabulary().get("tumour.type")
    codes = {str(f.fact.value) for f in findings if f.fact.name == "tumour.type" and f.usable}
    broader = {b for code in codes for b in (spec.code_ancestors(code) if spec else ())} - codes
    broader |= {c for c in codes if any(c in spec.code_ancestors(o) for o in codes - {c})} if spec else set()
    return [f for f in findings if not (f.fact.name == "tumour.type" and f.fact.value in broader)]

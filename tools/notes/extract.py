"""`extract`: every fact that a note states, with the exact characters, who it is about, and whether it is denied."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from knowledge.facts import Fact, vocabulary
from tools.intake.codes import FIRST_DEGREE, with_age
from tools.notes.chest_pain import chest_pain_hits
from tools.notes.clinical import clinical_hits
from tools.notes.context import Context, context_of
from tools.notes.course import is_later, long_past, phase_of
from tools.notes.criteria import criteria_in
from tools.notes.document import Document, Sentence, first_date, read
from tools.notes.doses import dose_hits
from tools.notes.finding import Finding, Phase
from tools.notes.hits import Hit
from tools.notes.nodules import nodule_hits
from tools.notes.person import person_hits
from tools.notes.smoking import smoking_hits
from tools.notes.terms import Term, terms_in
from tools.notes.tumour import is_read_there, tumour_facts
from tools.notes.values import measured_values
from tools.notes.vitals import vital_hits

_MEASURED = ("lab.", "vital.", "ecg.", "patient.weight", "patient.height", "patient.bmi")
_EPISODIC = re.compile(
    r"^(?:symptom\.|finding\.|medication\.|condition\.(?:pneumonia|sepsis|septic|bacteraemia|urinary_tract|cellulitis|"
    r"meningitis|influenza|covid|acute_|hypo|hyperk|hyperc|hospitalised|neutropenia|thrombocytopenia|active_))"
)
# What a score of admission asks for as it was then.
_OF_ADMISSION = frozenset({"symptom.confusion", "finding.pleural_effusion", "condition.pleural_effusion"})
# A condition of which the history counts on its own.
_EARLIER = {
    "condition.deep_vein_thrombosis": "condition.vte_history",
    "condition.pulmonary_embolism": "condition.vte_history",
}
_IN_FAMILY = dict.fromkeys(_EARLIER, "family_history.venous_thromboembolism")
_STOPPED = re.compile(r"(?:discontinu|stopp|withdr|ceased|held|off)\w*\b[^.;,]{0,25}$", re.I)
_STOPPED_AFTER = re.compile(
    r"^[^.;,]{0,25}\b(?:was|were|has been|had been)\s+(?:discontinued|stopped|withdrawn|held|ceased)", re.I
)
_PLANNED = re.compile(
    r"\b(?:initiate|start|begin|prescribe|recommend\w*|plan to (?:start|give)|will (?:start|give|add|begin|prescribe)|"
    r"switch to|add|trial of|offer\w*|asks? about|asked about|asking about)\b[^.;]{0,45}$|"
    r"\b(?:re)?(?:check|measure)\b[^.;]{0,80}$|(?:建议|拟|计划|"
    r"准备)[^。；]{0,12}$",
    re.I,
)
_NOW_ON = re.compile(r"\b(?:now|currently|still)?\s*\bon\s+$", re.I)
_ALLERGIC = re.compile(
    r"\b(?:allerg(?:ic|y|ies)\s+(?:to|with)|hypersensitiv\w+ to|anaphyla\w+ to|intoleran\w+ (?:to|of))|对$|过敏", re.I
)
_AGE_AT = re.compile(
    r"^[^.;,]{0,40}?\bat\s+(?:the\s+)?(?:age\s+(?:of\s+)?)?(?P<n>\d{1,2})\b|^[^.;,]{0,20}?\(?(?:aged?|"
    r"at age)\s*(?P<m>\d{1,2})"
)
_RELATION = re.compile(
    r"\b(?:mother|father|parents?|brothers?|sisters?|siblings?|sons?|daughters?|child(?:ren)?|grand\w+|aunts?|"
    r"uncles?|cousins?|nephews?|"
    r"nieces?|maternal \w+|paternal \w+)\b|"
    r"母亲|父亲|兄弟|姐妹|哥哥|弟弟|姐姐|妹妹|儿子|女儿|祖父|祖母|外祖父|外祖母|叔叔|姑姑|舅舅|姨",
    re.I,
)
_ZH_FIRST = {"母亲", "父亲", "兄弟", "姐妹", "哥哥", "弟弟", "姐姐", "妹妹", "儿子", "女儿"}


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
    ordered = sorted(unique.values(), key=lambda f: (f.start, f.end, f.fact.name))
    return _without_contradicted(_without_general_types(ordered))


def _finding(document: Document, hit: Hit, context: Context, sentence: Sentence) -> Finding:
    fact, name = hit.fact, hit.fact.name
    measured = name.startswith(_MEASURED)
    phase = phase_of(document, sentence, hit) if measured else "unspecified"
    if name in _OF_ADMISSION and is_later(document, sentence, hit.start):
        phase = "later"
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
    readers = (person_hits, smoking_hits, vital_hits, nodule_hits, clinical_hits, dose_hits, chest_pain_hits)
    for hit in (found for reader in readers for found in reader(document)):
        sentence = document.sentence_at(hit.start)
        context = context_of(document, sentence, hit.start, hit.end)
        if hit.fact.name.startswith(
            ("patient.", "smoking.", "grade.", "obstetric.", "vital.gcs", "heart.", "lab.troponin_ratio")
        ):
            context = Context()
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
            made = _finding(document, hit, Context(experiencer=context.experiencer), sentence)
            yield made.model_copy(update={"phase": "before"}) if value.before and made.phase != "later" else made


def _from_terms(document: Document, terms: Iterable[Term]) -> Iterator[Finding]:
    for term in terms:
        sentence = document.sentence_at(term.start)
        context = context_of(document, sentence, term.start, term.end)
        made = _term_fact(document, sentence, term, context)
        if made is not None:
            fact, context = made
            start, end = _with_denial(term, fact, context)
            yield _finding(document, Hit(fact, start, end), context, sentence)
            earlier = _EARLIER.get(fact.name)
            past = context.time == "historical" or long_past(document, sentence, term.start, term.end)
            if earlier in vocabulary() and past and context.experiencer == "patient":
                yield _finding(document, Hit(Fact(name=earlier, value=fact.value), start, end), context, sentence)


def _from_criteria(document: Document) -> Iterator[Finding]:
    for said in criteria_in(document):
        name, context = said.hit.fact.name, said.context
        if context.time == "historical" and _EPISODIC.match(name) and not context.negated:
            continue
        start, end = said.hit.start, said.hit.end
        if context.cue is not None and context.negated:
            start, end = min(start, context.cue[0]), max(end, context.cue[1])
        made = said.hit._replace(start=start, end=end)
        yield _finding(document, made, context, document.sentence_at(said.hit.start))


def _from_tumour(document: Document, terms: Iterable[Term]) -> Iterator[Finding]:
    for found in tumour_facts(document, terms):
        yield _finding(document, found.hit, found.context, document.sentence_at(found.hit.start))


def _with_denial(term: Term, fact: Fact, context: Context) -> tuple[int, int]:
    """The characters that say the fact: the name, and the words that deny it where they do."""
    if fact.value is not False or context.cue is None:
        return term.start, term.end
    return min(term.start, context.cue[0]), max(term.end, context.cue[1])


def _term_fact(document: Document, sentence: Sentence, term: Term, context: Context) -> tuple[Fact, Context] | None:
    prefix = term.name.split(".", 1)[0]
    if prefix in ("allergy", "medication"):
        return _drug_fact(document, sentence, term, context)
    if context.experiencer == "family":
        name = _IN_FAMILY.get(term.name) or "family_history." + term.name.split(".", 1)[1]
        return _family_fact(document, sentence, term, name, context) if name in vocabulary() else None
    if prefix == "family_history" or context.experiencer == "other" or sentence.section.kind == "allergies":
        return None
    return _patient_fact(term, context)


def _patient_fact(term: Term, context: Context) -> tuple[Fact, Context] | None:
    if context.time == "historical" and _EPISODIC.match(term.name) and not context.negated:
        return None
    return Fact(name=term.name, value=not context.negated), context


def _drug_fact(document: Document, sentence: Sentence, term: Term, context: Context) -> tuple[Fact, Context] | None:
    before = document.text[sentence.start : term.start]
    after = document.text[term.end : sentence.end]
    allergic = (
        sentence.section.kind == "allergies"
        or bool(_ALLERGIC.search(before))
        or bool(re.match(r"\s*(?:allerg|hypersensitiv|过敏)", after, re.I))
    )
    is_allergy = term.name.startswith("allergy.")
    if allergic != is_allergy or context.experiencer != "patient":
        return None
    if is_allergy:
        return Fact(name=term.name, value=not context.negated), context
    if re.match(
        r"\s*(?:was |of |level |: ?)*\d+(?:\.\d+)?\s*(?:µ|μ|u|m)?I?U/m?L|[- ](?:like|secret|expression|resist|sensitiv|"
        r"receptor|antibod|producing|antagon|assay|degrad)",
        after,
        re.I,
    ):
        return None
    if re.match(r"\s*(?:level|concentration|resistan|-resistan|challenge|toxicity)", after, re.I):
        return None
    if context.time == "historical" and sentence.section.kind != "past" and not _NOW_ON.search(before):
        return None
    if _PLANNED.search(before):
        context = replace(context, time="hypothetical")
    stopped = bool(_STOPPED.search(before)) or bool(_STOPPED_AFTER.match(after))
    return Fact(name=term.name, value=not (context.negated or stopped)), context


def _family_fact(
    document: Document, sentence: Sentence, term: Term, name: str, context: Context
) -> tuple[Fact, Context] | None:
    before = document.text[sentence.start : term.start]
    relations = [m[0].casefold() for m in _RELATION.finditer(before)]
    if relations and not _first_degree(relations[-1]):
        return None
    age = _AGE_AT.match(document.text[term.end : sentence.end])
    years = float(age["n"] or age["m"]) if age else None
    fact = with_age(name, years) if not context.negated else name
    return Fact(name=fact or name, value=not context.negated), Context(
        context.negated, "family", "current", context.cue
    )


def _first_degree(relation: str) -> bool:
    return relation in _ZH_FIRST or relation.rstrip("s") in FIRST_DEGREE or relation in ("children", "parents")


def _without_contradicted(found: list[Finding]) -> list[Finding]:
    """Drop `no active cancer` and `no metastatic cancer` of notes in which a distant spread is read."""
    read = {f.fact.name for f in found if f.usable and f.experiencer == "patient" and f.fact.value is not False}
    spread = {"tumour.metastatic", "tumour.liver_metastases", "tumour.bone_metastases", "tumour.brain_metastases"}
    refused = {"condition.active_cancer", "condition.metastatic_cancer"} if read & spread else set()
    return [f for f in found if not (f.fact.name in refused and f.fact.value is False)]


def _without_general_types(found: Iterable[Finding]) -> list[Finding]:
    """Drop a tumour type of which the note names a narrower one."""
    findings = list(found)
    spec = vocabulary().get("tumour.type")
    codes = {str(f.fact.value) for f in findings if f.fact.name == "tumour.type" and f.usable}
    broader = {b for code in codes for b in (spec.code_ancestors(code) if spec else ())} - codes
    broader |= {c for c in codes if any(c in spec.code_ancestors(o) for o in codes - {c})} if spec else set()
    return [f for f in findings if not (f.fact.name == "tumour.type" and f.fact.value in broader)]

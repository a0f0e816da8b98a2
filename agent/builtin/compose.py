"""From evidence to a draft: what each section says, and which evidence each sentence cites."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from agent.builtin.genomic import against_drugs, in_both_samples, weightiest_variants
from agent.builtin.options import (
    applying,
    bottom_line,
    follow_up_statements,
    safety_questions,
    safety_statements,
    treatment_statements,
)
from agent.builtin.reading import Seen, Situation, lung_lesions, newest_first
from agent.builtin.urgency import acute_facts
from agent.builtin.wording import Wording, restated, statement
from agent.draft import Statement, StatementKind
from knowledge.facts import vocabulary

MAX_QUESTIONS, MAX_MODELS = 3, 2
# Of an emergency with so many points for it, so many missing laboratory values are asked for.
MIN_POINTS, MAX_LACKING = 2, 2
MAX_VARIANTS = 20
MAX_LISTED = 8
MAX_AGE_DIFFERENCE_YEARS = 2
MAX_DRUGS = 15
_ID = re.compile(r"\bE[0-9a-f]{10}\b")
_MARK = re.compile(r"\s*[(（]E[0-9a-f]{10}[)）]")
# The fact that a published model gives the probability of a candidate as.
_PROBABILITY = {"primary_lung_cancer": "risk_score.brock"}
_ANY_TUMOUR = {"condition.cancer", "condition.solid_tumour", "condition.metastatic_cancer"}
# A change of 2 mm or more is more than error of measurement (MacMahon 2017, doi 10.1148/radiol.2017161659).
MEASUREMENT_ERROR_MM = 2.0
_RISK_FIELDS = ("cardiovascular", "cancer", "acute")
_NOTE_FACTS = (
    "tumour.", "nodule.", "biomarker.", "smoking.", "germline.", "finding.thyroid_", "finding.adnexal_",
    "finding.renal_mass", "finding.bladder_mass", "finding.liver_lirads", "therapy.irae_grade",
)  # fmt: skip


def compose(situation: Situation) -> Iterator[Statement]:
    """The statements of the draft. What the verifier refused is said in the words of its evidence instead."""
    wording = Wording(situation.language)
    refused = {situation.previous[i]["text"] for i in situation.unsupported if i < len(situation.previous)}
    written: set[tuple[str, str]] = set()
    for section in _SECTIONS:
        for item in section(situation, wording):
            for new in _plainly(situation, wording, item) if item.text in refused else [item]:
                if (new.section, new.text) not in written:
                    written.add((new.section, new.text))
                    yield new
    if not written:
        yield statement("missing", "question", wording.say("nothing_to_draft"))


def _plainly(situation: Situation, wording: Wording, refused: Statement) -> list[Statement]:
    """The claims that a refused statement rests on, one by one; the statement itself if it was just that."""
    claims = [situation.evidence[item] for item in refused.evidence if item in situation.evidence]
    if not claims or refused.text == claims[0].claim or refused.kind != "finding":
        return [refused]
    return [restated(refused.section, item, wording) for item in claims]


def _summary(situation: Situation, wording: Wording) -> list[Statement]:
    return [
        *_replied(situation),
        *_patient(situation, wording),
        *_medication(situation, wording),
        *[_finding("summary", item, situation, wording) for item in _lesion(situation)],
        *_markers(situation, wording),
        *(bottom_line(situation, wording) or _first_thought(situation, wording)),
    ]


def _replied(situation: Situation) -> list[Statement]:
    """What answers the message that told something and asked something, where the draft is written again after it."""
    said = [item for item in situation.replied if item.get("kind") != "question" and _is_no_echo(situation, item)]
    return [statement("summary", item["kind"], item["text"], item["evidence"]) for item in said]


def _is_no_echo(situation: Situation, item: dict[str, Any]) -> bool:
    """Whether a sentence rests on more than what the physician has just said."""
    cited = [situation.evidence[i] for i in item.get("evidence", []) if i in situation.evidence]
    return any(one.tool != "record_statement" for one in cited)


def _lesion(situation: Situation) -> list[Seen]:
    """The first lesion outlined on the newest scan, else the size of a nodule as it was recorded last."""
    written = [seen for seen, _, _ in situation.with_fact("nodule.longest_diameter")]
    return newest_first(situation.of_kind("image_finding") or written)[:1]


def _finding(section: str, item: Seen, situation: Situation, wording: Wording) -> Statement:
    """Evidence in its own words. Where scans of several days were outlined, their day is said in Chinese too."""
    days = {seen.at for seen in situation.of_kind("image_finding")}
    dated = item.kind == "image_finding" and item.at and len(days) > 1
    return restated(section, item, wording, wording.say("scan_of", day=item.at) if dated else "")


def _first_thought(situation: Situation, wording: Wording) -> list[Statement]:
    """What must not be missed first, where nothing can be advised yet."""
    first = _candidates(situation, wording, must_not_miss=True)[:1]
    return [item.model_copy(update={"section": "summary"}) for item in first]


def _patient(situation: Situation, wording: Wording) -> list[Statement]:
    """Age, sex and state, the tumour first and then the conditions."""
    ages, sexes = situation.with_fact("patient.age"), situation.with_fact("patient.sex")
    if not ages and not sexes:
        return []
    states = {n: seen.id for n in wording.states() for seen, _, value in situation.with_fact(n) if value is True}
    present = {n: item for n, item in _present(situation, "condition.").items() if n not in states}
    tumours = situation.types[:1]
    spread = [item for item in situation.with_fact("tumour.metastatic") if tumours and item[2] is True][:1]
    named = [wording.value(name, value) for _, name, value in tumours]
    named += [wording.label(name) for name in (*(name for _, name, _ in spread), *present)]
    ids = [s.id for s, _, _ in (*ages[:1], *sexes[:1], *tumours, *spread)] + [*states.values(), *present.values()]
    text = wording.say(
        "patient" if ages else "patient_no_age",
        age=str(ages[0][2]).split()[0] if ages else "",
        sex=wording.value("patient.sex", sexes[0][2]) if sexes else "patient",
        states=wording.listed([wording.states()[name] for name in states]),
        conditions=wording.listed(named, most=MAX_LISTED),
    )
    return [statement("summary", "finding", text[0].upper() + text[1:], ids[: MAX_LISTED + len(states) + 2])]


def _medication(situation: Situation, wording: Wording) -> list[Statement]:
    taken = {n: item for n, item in _present(situation, "medication.").items() if ".class_" not in n}
    if not taken:
        return []
    drugs = wording.listed([wording.label(name) for name in taken], most=MAX_DRUGS)
    return [statement("summary", "finding", wording.say("takes", drugs=drugs), list(taken.values())[:MAX_DRUGS])]


def _present(situation: Situation, prefix: str) -> dict[str, str]:
    """Boolean facts that are true, each with the first evidence that says so; not what another of them says better.

    Those that an emergency rests on come first.
    """
    found: dict[str, str] = {}
    for seen, name, value in situation.with_fact(prefix):
        if value is True:
            found.setdefault(name, seen.id)
    said_better = {wider for name in found for wider in vocabulary().consequences(name, True)}
    for _, _, value in situation.with_fact("tumour.type"):
        said_better |= _ANY_TUMOUR | {
            f"condition.{code}" for code in vocabulary()["tumour.type"].code_ancestors(str(value))
        }
    first = acute_facts(situation)
    kept = sorted((name for name in found if name not in said_better), key=lambda name: name not in first)
    return {name: found[name] for name in kept}


def _markers(situation: Situation, wording: Wording) -> list[Statement]:
    found: dict[str, tuple[Seen, str, str | bool | int]] = {}
    for seen, name, value in situation.with_fact("biomarker."):
        if seen.kind in ("variant", "observation", "note_span"):
            stated = seen.tool == "record_statement"
            if stated or name not in found:
                found[name] = (seen, name, value)
    specific = [item for item in found.values() if item[2] is not False]
    if not specific:
        return []
    points = [wording.point(name, value) for _, name, value in specific]
    text = wording.say("biomarkers", markers=wording.listed(points))
    return [statement("summary", "finding", text, [seen.id for seen, _, _ in specific[:9]])]


def _findings(situation: Situation, wording: Wording) -> list[Statement]:
    items = [
        *newest_first(situation.of_kind("image_finding")),
        *weightiest_variants(situation)[:MAX_VARIANTS],
        *situation.of_kind("diplotype"),
        *situation.of_kind("structure_finding"),
        *_from_notes(situation),
    ]
    return [_finding("findings", item, situation, wording) for item in items] + in_both_samples(situation, wording)


def _from_notes(situation: Situation) -> list[Seen]:
    """What notes say of tumour, nodule, markers and smoking, once each, and only what nothing else says."""
    said = {
        (n, str(v)) for item in situation.evidence.values() if item.kind != "note_span" for n, v in item.facts.items()
    }
    kept = []
    for item in situation.of_kind("note_span"):
        stated = item.tool == "record_statement"  # the physician's own words always stand in the draft
        new = {(n, str(v)) for n, v in item.facts.items() if stated or n.startswith(_NOTE_FACTS)} - said
        if new:
            kept.append(item)
            said |= new
    return kept


def _most_likely(situation: Situation, wording: Wording) -> list[Statement]:
    named = [*_diagnosis(situation, wording), *_candidates(situation, wording, must_not_miss=False)]
    thought_of = _candidates(situation, wording, must_not_miss=True)
    return named if named or thought_of else _recorded(situation, wording)


def _recorded(situation: Situation, wording: Wording) -> list[Statement]:
    """The conditions on record, where there is no tumour and nothing else to think of."""
    present = {n: item for n, item in _present(situation, "condition.").items() if n not in wording.states()}
    if not present:
        return []
    names = wording.listed([wording.label(name) for name in present], most=MAX_LISTED)
    text, ids = wording.say("recorded", conditions=names), list(present.values())[:MAX_LISTED]
    return [statement("most_likely", "inference", text, ids, "high", wording.say("basis_recorded"))]


def _diagnosis(situation: Situation, wording: Wording) -> list[Statement]:
    types, stages = situation.types, situation.with_fact("tumour.stage")
    if not types:
        return []
    seen, name, value = types[0]
    stage = wording.value("tumour.stage", stages[0][2]) if stages else ""
    text = wording.say(
        "diagnosis", tumour=wording.value(name, value), stage=stage.removeprefix("stage ").removesuffix("期")
    )
    ids = [seen.id, *(s.id for s, _, _ in stages[:1])]
    return [statement("most_likely", "inference", text, ids, "high", wording.say("basis_recorded"))]


def _candidates(situation: Situation, wording: Wording, *, must_not_miss: bool) -> list[Statement]:
    """The differential: what speaks for and against each candidate, and the test that would tell."""
    section = "must_not_miss" if must_not_miss else "most_likely"
    statements = []
    answer = situation.latest("differential")
    for item in answer.payload.get("candidates", []) if answer else []:
        if bool(item.get("must_not_miss")) == must_not_miss:
            own = situation.evidence[item["evidence_id"]]
            text = own.claim if situation.language == "en" else item["claim_zh"]
            ids, basis = [own.id, *item.get("because", [])], wording.say("basis_points")
            for seen, name, value in situation.with_fact(_PROBABILITY.get(item["id"], "none")):
                # A published model with a probability is the better basis; it stands, cited, under risk.
                model = str(seen.facts.get("risk.model", wording.label(name)))
                basis = wording.say("basis_model", model=model, probability=wording.value(name, value))
            statements.append(statement(section, "inference", text, ids, None, basis))
    return statements


def _must_not_miss(situation: Situation, wording: Wording) -> list[Statement]:
    return [
        *_other_patient(situation, wording),
        *safety_statements(situation, wording),
        *[restated("must_not_miss", item, wording) for item in against_drugs(situation)],
        *_candidates(situation, wording, must_not_miss=True),
    ]


def _other_patient(situation: Situation, wording: Wording) -> list[Statement]:
    """Records that disagree on sex, or on age by more than two years, may be of two people."""
    sexes = {str(value): seen.id for seen, _, value in situation.with_fact("patient.sex")}
    ages = {float(str(value).split()[0]): seen.id for seen, _, value in situation.with_fact("patient.age")}
    ids = list(sexes.values()) if len(sexes) > 1 else []
    if ages and max(ages) - min(ages) > MAX_AGE_DIFFERENCE_YEARS:
        ids += [ages[min(ages)], ages[max(ages)]]
    text = wording.say("other_patient")
    return [statement("must_not_miss", "question", text, ids)] if ids else []


def _risk(situation: Situation, wording: Wording) -> list[Statement]:
    return [restated("risk", item, wording) for item in situation.current("predict_risk")]


# What a systemic treatment of a tumour cannot be chosen without.
_SYSTEMIC = re.compile(
    r"\bchemo\w*|\bregimens?\b|\bimmunotherap\w+|\bsystemic (?:therapy|treatment)|\btargeted (?:therapy|drug)|"
    r"化疗|免疫治疗|靶向",
    re.I,
)
_ORGANS = ("lab.egfr", "lab.creatinine")


def _before_treatment(situation: Situation, wording: Wording) -> list[Statement]:
    """Histology, stage and kidney function, where a systemic treatment is asked for and no tumour type is known."""
    if not _SYSTEMIC.search(situation.question) or situation.types:
        return []
    lacking = [name for name in ("tumour.type", "tumour.stage") if not situation.with_fact(name)]
    if not any(situation.with_fact(name) for name in _ORGANS):
        lacking.append(_ORGANS[0])
    text = wording.say("ask_before_treatment", facts=wording.listed([wording.label(name) for name in lacking]))
    return [statement("missing", "question", text)]


_LINES = {"therapy.lines_advanced", "therapy.advanced_pretreated"}


def _untreated(situation: Situation, wording: Wording) -> list[Statement]:
    """That no earlier treatment was assumed, where advice rests on it."""
    told = [seen for seen, _, _ in situation.with_fact("therapy.lines_advanced") if "(assumed" in seen.claim]
    if not told or not any(b.get("fact") in _LINES for item in applying(situation) for b in item.get("because", [])):
        return []
    return [statement("missing", "question", wording.say("assumed_untreated"), [told[0].id])]


def _missing(situation: Situation, wording: Wording) -> list[Statement]:
    statements = [*_before_treatment(situation, wording), *_untreated(situation, wording)]
    statements += safety_questions(situation, wording)
    answer = situation.latest("match_recommendations")
    if answer is not None:
        asked = [item for item in answer.payload.get("questions", []) if item.get("decides", 0) > 0]
        for item in asked[:MAX_QUESTIONS]:
            label = (item.get("label") or {}).get(situation.language) or wording.label(item["fact"])
            number = item.get("decides", 1)
            boolean = vocabulary()[item["fact"]].kind == "boolean"
            text = wording.say("ask_boolean" if boolean else "ask_fact", label=label, number=number)
            statements.append(statement("missing", "question", text))
        if not answer.payload.get("applies"):
            statements.append(statement("missing", "question", wording.say("no_question")))
    statements += _emergencies_that_lack(situation, wording)
    statements += _models_that_lack_little(situation, wording)
    failed = dict.fromkeys(item.error for item in situation.newest() if item.error)
    statements += [_not_done(situation, wording, error) for error in failed]
    statements += _measured_otherwise(situation, wording)
    if not situation.case.get("notes"):
        statements.append(statement("missing", "question", wording.say("no_notes")))
    warnings = (text for item in situation.newest() for text in item.warnings)
    return statements + [item for item in map(partial(_warning, situation), dict.fromkeys(warnings)) if item]


def _emergencies_that_lack(situation: Situation, wording: Wording) -> list[Statement]:
    """The laboratory values that would tell of the likeliest emergency and that nobody gave."""
    answer = situation.latest("differential")
    for item in answer.payload.get("candidates", []) if answer else []:
        labs = [name for name in item.get("lacking", []) if name.startswith("lab.")][:MAX_LACKING]
        if item.get("acute") and item.get("points_for", 0) >= MIN_POINTS and labs:
            label = situation.evidence[item["evidence_id"]].claim.partition(":")[0]
            label = item["claim_zh"].partition("：")[0] if situation.language == "zh" else label[0].lower() + label[1:]
            facts = wording.listed([wording.label(name) for name in labs])
            return [statement("missing", "question", wording.say("ask_candidate", candidate=label, facts=facts))]
    return []


def _models_that_lack_little(situation: Situation, wording: Wording) -> list[Statement]:
    """What would let a published model of a risk be computed. Formulas of the laboratory are not asked for."""
    answer = situation.latest("predict_risk")
    statements: list[Statement] = []
    asked: set[str] = set()
    for item in answer.payload.get("incomplete", []) if answer else []:
        if item.get("field") in _RISK_FIELDS and not set(item["missing"]) <= asked and len(statements) < MAX_MODELS:
            asked |= set(item["missing"])
            facts = wording.listed([wording.label(name) for name in item["missing"]])
            text = wording.say("ask_model", model=item["title"], facts=facts)
            statements.append(statement("missing", "question", text))
    return statements


def _measured_otherwise(situation: Situation, wording: Wording) -> list[Statement]:
    """A lung nodule that a note gives another size than its outline has."""
    outlined = lung_lesions(situation)
    written = [item for item in situation.with_fact("nodule.longest_diameter") if item[0] not in outlined]
    if len(outlined) != 1 or not written or "lesion.longest_diameter" not in outlined[0].facts:
        return []
    measured = outlined[0].facts["lesion.longest_diameter"]
    note, _, value = min(written, key=lambda item: abs(_mm(item[2]) - _mm(measured)))
    if abs(_mm(value) - _mm(measured)) < MEASUREMENT_ERROR_MM:
        return []
    shown = [wording.value("nodule.longest_diameter", item) for item in (value, measured)]
    text = wording.say("measured_otherwise", written=shown[0], outlined=shown[1])
    return [statement("missing", "question", text, [note.id, outlined[0].id])]


def _mm(diameter: str | bool | int) -> float:
    return float(str(diameter).split()[0])


def _warning(situation: Situation, text: str) -> Statement | None:
    """A tool's warning about evidence that it names by id, quoted and cited. The report lists the other warnings."""
    named = [item for item in _ID.findall(text) if item in situation.evidence]
    for item in named:
        text = text.replace(item, f"“{situation.evidence[item].claim.rstrip('.')}”")
    return statement("missing", "question", text, named) if named else None


def _not_done(situation: Situation, wording: Wording, error: str) -> Statement:
    """What a tool did not do, and why; evidence that the reason names by id is cited."""
    for lead in ("The tool cannot answer for this case. ", "The call cannot be run as it is. "):
        error = error.removeprefix(lead)
    named = [item for item in _ID.findall(error) if item in situation.evidence]
    text = _MARK.sub("", error) if named else error
    kind: StatementKind = "finding" if named else "question"
    return statement("missing", kind, wording.say("tool_failed", reason=text), named)


_Section = Callable[[Situation, Wording], list[Statement]]
_SECTIONS: tuple[_Section, ...] = (
    _summary,
    _findings,
    _most_likely,
    _must_not_miss,
    _risk,
    treatment_statements,
    follow_up_statements,
    _missing,
)

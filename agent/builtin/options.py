"""Recommendations that apply, as sentences: treatment options in order, safety alerts, tests and follow-up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from agent.builtin.questions import named_drugs
from agent.builtin.reading import Situation
from agent.builtin.safety import against, barring, cautions, clear_of, unchecked
from agent.builtin.urgency import asks_for_all, is_threatened, waits
from agent.builtin.wording import Wording, asked_words, english_label, graded_confidence, statement
from agent.draft import Section, Statement, StatementKind
from knowledge.facts import vocabulary
from tools.language import is_chinese

MAX_OPTIONS = 14
MAX_FOLLOW_UP = 16
MAX_CHECKED = 40
MAX_LEFT_OUT = 4
MAX_OPEN, MAX_WAITING = 4, 10
MAX_LACKING = 2
# Of long-term care of other diseases, beside the treatment of a tumour.
MAX_BESIDE = 2
_ANY_TUMOUR = "solid_tumour"
MAX_BARRED = 4
MAX_TO_CHECK = 3
# "What check-up does the nodule need?" asks for its follow-up.
_PREVENTION = re.compile(
    r"screen|prevent|check-?ups?\b(?! (?:of|for|on|after|does|do|is|are)\b)|vaccin|筛查|预防|体检|疫苗", re.I
)
_FOLLOW_UP = re.compile(
    r"follow.?up|surveillance|monitor|which tests?|what tests?|next step|work.?up|随访|复查|监测|检查", re.I
)
_CALLS_FOR_SCREENING = ("germline.", "condition.")
_TREAT = re.compile(r"treat|therap|drug|option|治疗|用药|方案", re.I)
# Grades of the common schemes, best first: GRADE words, ACC/AHA and ESC classes, USPSTF letters, CPIC words.
_STRENGTH = ("strong", "1", "i", "class i", "a", "b", "moderate", "2a", "iia", "weak", "conditional", "2", "iib", "2b")
_CERTAINTY = ("high", "a", "1", "i", "moderate", "b", "ii", "low", "c", "very low")


def treatment_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """Treatment options of the patient's disease first, by strength and certainty; then what is left out and why.

    An option all of whose drugs are spoken against here is no option: it comes last, with what speaks against it.
    """
    chosen = [item for item in _ranked(situation, _is_treatment) if not _for_anybody(situation, item)]
    barred = [item for item in chosen if _is_barred(situation, _treated(item))]
    options = _fewer_beside(situation, [item for item in chosen if item not in barred])
    statements: list[Statement] = []
    told: set[str] = set()
    held = drugs_of_patient(situation)
    for item in options[:MAX_OPTIONS]:
        statements.append(_statement(situation, wording, "treatment", item))
        drugs = [drug for drug in _treated(item) if drug not in told]
        told |= set(drugs)
        careful = [drug for drug in drugs if drug not in held]
        statements += [*cautions(situation, careful), *clear_of(situation, wording, drugs)]
    statements += [_statement(situation, wording, "treatment", i, "finding") for i in _each_drug_once(barred)]
    statements += _open(situation, wording)
    return [*statements, *_excluded(situation, chosen)] if statements else []


def _fewer_beside(situation: Situation, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without most of the long-term care of other diseases, where advice on the patient's tumour is there and the
    question does not ask for all drugs or for that care."""
    diseases = _diseases(situation)
    on_topic = any(not item.get("long_term") and diseases & set(item.get("diseases", [])) for item in items)
    if not situation.tumour or not on_topic or asks_for_all(situation.question):
        return items
    words = asked_words(situation.question)
    kept, beside = [], 0
    for item in items:
        if item.get("long_term") and _off_topic(item, diseases) == 2:
            beside += 1
            if beside > MAX_BESIDE and not words & asked_words(str(item.get("text", ""))):
                continue
        kept.append(item)
    return kept


def safety_questions(situation: Situation, wording: Wording) -> list[Statement]:
    """What has to be known before the first options, or the drugs that the question names, can be given."""
    chosen = [item for item in _ranked(situation, _is_treatment) if not _for_anybody(situation, item)]
    options = [item for item in chosen if not _is_barred(situation, _treated(item))][:MAX_TO_CHECK]
    drugs = [*asked_drugs(situation), *(drug for item in options for drug in _treated(item))]
    return unchecked(situation, wording, list(dict.fromkeys(drugs)))


def _each_drug_once(barred: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Barred options, without those all of whose drugs an earlier one names."""
    kept: list[dict[str, Any]] = []
    told: set[str] = set()
    for item in barred:
        if not set(_treated(item)) <= told:
            kept.append(item)
            told |= set(_treated(item))
    return kept[:MAX_BARRED]


def follow_up_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """Tests, referrals and follow-up that apply: what the question is about first. What is advised to anybody of that
    age and sex is only counted, unless it is asked for or the patient has no known disease."""
    chosen = _follow_ups(situation)
    kept = _fewer_beside(situation, [item for item in chosen if not _for_anybody(situation, item)])
    statements = [_statement(situation, wording, "follow_up", item) for item in kept[:MAX_FOLLOW_UP]]
    if len(kept) < len(chosen):
        text = wording.say("left_out", number=len(chosen) - len(kept))
        statements.append(statement("follow_up", "question", text))
    if later := [item for item in applying(situation) if waits(situation, item)]:
        statements.append(statement("follow_up", "question", wording.say("left_for_later", number=len(later))))
    return statements


def _follow_ups(situation: Situation) -> list[dict[str, Any]]:
    """Tests, referrals and follow-up that apply, what the question is about first; then advice for anybody.

    Advice to avoid a drug stands where that drug is an option or taken, not here.
    """
    told = {f["evidence_id"] for item in _ranked(situation, _is_treatment) for f in _barring(situation, _treated(item))}
    chosen = _ranked(situation, lambda item: not _is_treatment(item) and not _is_alert(situation, item))
    chosen = [item for item in chosen if item["evidence_id"] not in told and not _watches_barred(situation, item)]
    chosen += [item for item in _ranked(situation, _is_treatment) if _for_anybody(situation, item)]
    words = asked_words(situation.question)
    return sorted(chosen, key=lambda item: -len(words & asked_words(situation.evidence[item["evidence_id"]].claim)))


def _watches_barred(situation: Situation, item: dict[str, Any]) -> bool:
    """Whether advice on what to watch with drugs concerns only those that are barred here and not taken."""
    if not _action(item).get("concerns_drug"):
        return False
    offered = {drug for option in applying(situation) if not _is_watching(option) for drug in _treated(option)}
    drugs = [drug for drug in _action(item).get("drugs", []) if drug in offered]
    return not drugs_of_patient(situation) & set(_action(item).get("drugs", [])) and _is_barred(situation, drugs)


def _is_watching(item: dict[str, Any]) -> bool:
    return bool(_action(item).get("concerns_drug"))


def _for_anybody(situation: Situation, item: dict[str, Any]) -> bool:
    """Screening and prevention that age, sex and what is absent suffice for, or that a known tumour overtakes.

    Nothing is, where prevention is asked for, or where the patient has no known disease.
    """
    if item.get("topic") not in ("screening", "prevention") or _is_about_prevention(situation):
        return False
    present = {str(b.get("fact")) for b in item.get("because", []) if b.get("value") is not False}
    if any(name.startswith(_CALLS_FOR_SCREENING) for name in present):
        return False
    diseases = _diseases(situation)
    if item["topic"] == "screening" and diseases and not diseases & set(item.get("diseases", [])):
        return True
    return all(name.startswith("patient.") for name in present)


def _is_about_prevention(situation: Situation) -> bool:
    """Whether prevention is asked for, or nothing is known that the patient suffers from."""
    found = (*situation.with_fact("condition."), *situation.with_fact("symptom."))
    ill = any(value is True for _, _, value in found)
    ill = ill or bool(situation.with_fact("tumour.") or situation.of_kind("image_finding"))
    return bool(_PREVENTION.search(situation.question)) or not ill


def safety_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """What speaks against a drug that the patient takes now or is about to take."""
    chosen = _ranked(situation, lambda item: _is_alert(situation, item))
    statements = [_statement(situation, wording, "must_not_miss", item) for item in chosen]
    drugs = sorted({*drugs_of_patient(situation), *asked_drugs(situation)})
    planned = [drug for drug in planned_drugs(situation) if drug not in drugs]
    barred = against(situation, "must_not_miss", planned, grave=True)
    return [*statements, *against(situation, "must_not_miss", drugs), *barred]


def drugs_to_check(situation: Situation) -> list[str]:
    """Drugs that the patient takes or is about to take, then those of the options and of those that wait for a fact."""
    options = [i for i in _ranked(situation, _is_treatment) if _action(i)["type"] == "treat"]
    named = [drug for item in (*options[:MAX_OPTIONS], *_waiting(situation)) for drug in _action(item).get("drugs", [])]
    held = [drug for drug in sorted(drugs_of_patient(situation)) if ".class_" not in drug]
    return list(dict.fromkeys([*held, *asked_drugs(situation), *planned_drugs(situation), *named]))[:MAX_CHECKED]


def bottom_line(situation: Situation, wording: Wording) -> list[Statement]:
    """For the summary: the first option of the patient's disease, one that is not taken yet if there is one (the first
    test where follow-up is asked for), and the gravest thing against a drug that the patient takes or, where no option
    is left, against the options."""
    diseases = _diseases(situation)
    treatments = [item for item in _ranked(situation, _is_treatment) if _off_topic(item, diseases) == 0]
    treatments = [item for item in treatments if not _for_anybody(situation, item)]
    options = [item for item in treatments if not _is_barred(situation, _treated(item))]
    held = drugs_of_patient(situation)
    options.sort(key=lambda item: not item.get("acute") and bool(held & set(_treated(item))))
    statements = [_statement(situation, wording, "summary", item) for item in options[:1]]
    if not options or (_FOLLOW_UP.search(situation.question) and not _TREAT.search(situation.question)):
        tests = [item for item in _follow_ups(situation) if not _for_anybody(situation, item)]
        statements = [_statement(situation, wording, "summary", item) for item in tests[:1]] or statements
    alerts = _ranked(situation, lambda item: _is_alert(situation, item))
    grave = [_statement(situation, wording, "summary", item) for item in alerts[:1]]
    drugs = [*sorted(held), *([] if options else (drug for item in treatments[:1] for drug in _treated(item)))]
    grave = grave or against(situation, "summary", drugs, grave=True)[:1]
    return [*grave, *statements]


def _matched(situation: Situation) -> dict[str, Any]:
    answer = situation.latest("match_recommendations")
    return answer.payload if answer else {}


def applying(situation: Situation) -> list[dict[str, Any]]:
    """Recommendations that apply, without drug-gene advice on drugs that are neither taken, proposed nor an option."""
    items = {item["evidence_id"]: item for item in _newest(_matched(situation).get("applies", []))}
    options = {
        drug
        for item in items.values()
        if not _action(item).get("concerns_drug") and _action(item).get("type") == "treat"
        for drug in _action(item).get("drugs", [])
    }
    in_play = options | drugs_of_patient(situation) | with_classes(asked_drugs(situation))
    return [
        item
        for item in items.values()
        if not _action(item).get("concerns_drug") or in_play & set(_action(item).get("drugs", []))
    ]


def newly_applying(situation: Situation, before: set[str]) -> list[dict[str, Any]]:
    """What applies and is not in `before` (ids), treatments and warnings of the patient's disease first; without advice
    for anybody and what is taken already."""
    chosen = [i for i in _ranked(situation, lambda i: i["id"] not in before) if not _for_anybody(situation, i)]
    return sorted(chosen, key=lambda item: not (_is_treatment(item) or _is_alert(situation, item)))


def _newest(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that the same organisation has said again, of the same drugs and facts, in a later year."""

    def subject(item: dict[str, Any]) -> tuple[Any, ...]:
        facts = frozenset(b.get("fact") for b in item.get("because", []))
        drugs = frozenset(_action(item).get("drugs", []))
        return (item.get("organisation"), _action(item).get("type"), drugs or item["evidence_id"], facts)

    latest: dict[tuple[Any, ...], int] = {}
    for item in items:
        latest[subject(item)] = max(latest.get(subject(item), 0), item.get("year", 0))
    return [item for item in items if item.get("year", 0) == latest[subject(item)]]


def drugs_of_patient(situation: Situation) -> set[str]:
    """`medication.*` facts of the drugs that the patient takes or is proposed."""
    listed = {m["fact"] for m in situation.case.get("medications", []) if m.get("fact") and m["status"] != "stopped"}
    return listed | {name for _, name, value in situation.with_fact("medication.") if value is True}


def asked_drugs(situation: Situation) -> list[str]:
    """`medication.*` facts of the drugs that the question names; with the newest message, where the draft is written
    again after it."""
    newest = situation.spoken[-1:] if situation.redraft else ()
    return list(dict.fromkeys(drug for text in (*newest, situation.question) for drug in named_drugs(text)))


def planned_drugs(situation: Situation) -> list[str]:
    """`medication.*` facts of the drugs that notes propose, plan or weigh."""
    answer = situation.latest("read_notes")
    named = [str(item.get("fact")) for item in (answer.payload.get("possible", []) if answer else [])]
    return list(dict.fromkeys(n for n in named if n.startswith("medication.") and ".class_" not in n))


def with_classes(drugs: Iterable[str]) -> set[str]:
    """The drugs and the classes that they belong to."""
    return {name for drug in drugs for name in (drug, *vocabulary().consequences(drug, True))}


def _action(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = item.get("action", {})
    return found


def _is_treatment(item: dict[str, Any]) -> bool:
    action = _action(item)
    if item.get("topic") == "screening":
        return False
    return action.get("type") == "treat" or (action.get("type") == "avoid" and not action.get("concerns_drug"))


def _is_alert(situation: Situation, item: dict[str, Any]) -> bool:
    action = _action(item)
    concerned = drugs_of_patient(situation) | with_classes(asked_drugs(situation))
    taken = concerned & set(action.get("drugs", []))
    return bool(action.get("concerns_drug") and action.get("type") == "avoid" and taken)


def _diseases(situation: Situation) -> frozenset[str]:
    """What guidelines on the patient's tumour are filed under: its type with the broader types, or a lung nodule."""
    if situation.tumour:
        return vocabulary()["tumour.type"].code_ancestors(situation.tumour)
    return frozenset({"pulmonary_nodule"}) if situation.with_fact("nodule.") else frozenset()


def _off_topic(item: dict[str, Any], diseases: frozenset[str]) -> int:
    """0 for what threatens life and the patient's tumour (or where none is known), 1 for drug-gene advice, 2 for the
    rest."""
    if item.get("acute") or not diseases or diseases & set(item.get("diseases", [])):
        return 0
    return 1 if _action(item).get("concerns_drug") else 2


def _rank(grade: str, order: tuple[str, ...]) -> int:
    words = grade.casefold().strip()
    return order.index(words) if words in order else len(order)


def _ranked(situation: Situation, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    diseases = _diseases(situation)

    def key(item: dict[str, Any]) -> tuple[Any, ...]:
        fit = -len({b.get("fact") for b in item.get("because", [])})
        strength, certainty = item.get("strength", ""), item.get("certainty", "")
        avoided = _action(item).get("type") == "avoid"
        grades = (_rank(strength, _STRENGTH), _rank(certainty, _CERTAINTY))
        if item.get("acute"):  # in the order of action, guideline by guideline
            return (False, avoided, item["id"].partition(".")[0], item.get("place", 0))
        return (True, _off_topic(item, diseases), avoided, not item.get("specific"), *grades, fit)

    return sorted((i for i in applying(situation) if wanted(i) and not waits(situation, i)), key=key)


def _treated(item: dict[str, Any]) -> list[str]:
    """The drugs that a recommendation says to give."""
    return list(_action(item).get("drugs", [])) if _action(item).get("type") == "treat" else []


def _barring(situation: Situation, drugs: list[str]) -> list[dict[str, Any]]:
    """What bars one of these drugs for this patient: rows of the safety tables, and advice to avoid it."""
    advice = [
        {"drug": drug, "evidence_id": item["evidence_id"], "because": [b["evidence_id"] for b in _because(item)]}
        for item in applying(situation)
        if _action(item).get("type") == "avoid"
        for drug in drugs
        if drug in _action(item).get("drugs", [])
    ]
    return [*barring(situation, drugs), *advice]


def _is_barred(situation: Situation, drugs: list[str]) -> bool:
    """Whether every one of these drugs (and at least one) is barred."""
    return bool(drugs) and {item["drug"] for item in _barring(situation, drugs)} == set(drugs)


def _because(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [b for b in item.get("because", []) if b.get("evidence_id")]


def _statement(
    situation: Situation,
    wording: Wording,
    section: Section,
    item: dict[str, Any],
    kind: StatementKind = "recommendation",
) -> Statement:
    """A recommendation with its source and grades, and with what speaks against those of its drugs that are barred."""
    text = advice(situation, wording, item)
    ids = [item["evidence_id"], *(b["evidence_id"] for b in _because(item))]
    text, against_it = _with_what_bars(situation, wording, text, _treated(item))
    if against_it:
        ids += against_it
    elif taken := _taken(situation, _treated(item)):
        text = wording.say("taken", text=text, drugs=wording.listed([wording.label(name) for name in taken]))
        ids += taken.values()
    level, basis = graded_confidence(item, wording)
    return statement(section, kind, text, ids, level, basis)


def _with_what_bars(situation: Situation, wording: Wording, text: str, drugs: list[str]) -> tuple[str, list[str]]:
    """The text with what bars these drugs here, and the evidence of that; the text alone if nothing does."""
    found = _barring(situation, drugs)
    if not found:
        return text, []
    claims = [situation.evidence[f["evidence_id"]].claim for f in found]
    names = wording.listed(list(dict.fromkeys(wording.label(f["drug"]) for f in found)))
    text = wording.say("but_not", text=text, drugs=names, reasons=" ".join(dict.fromkeys(claims)))
    return text, [i for f in found for i in (f["evidence_id"], *f.get("because", []))]


def _taken(situation: Situation, drugs: list[str]) -> dict[str, str]:
    """Those of the drugs that the patient takes, each with the evidence that says so."""
    said = {name: seen.id for seen, name, value in situation.with_fact("medication.") if value is True}
    return {drug: said[drug] for drug in drugs if drug in said}


def advice(situation: Situation, wording: Wording, item: dict[str, Any]) -> str:
    """A recommendation as a sentence with its source and grades; in Chinese with a gloss of its drugs."""
    claim = situation.evidence[item["evidence_id"]].claim
    foreign = wording.language == "zh" and not is_chinese(claim)
    named = claim.casefold()
    drugs = [wording.label(d) for d in _action(item).get("drugs", []) if english_label(d).casefold() in named]
    return wording.say(
        "recommendation",
        text=claim.rstrip(".。"),
        foreign=foreign,
        gloss=wording.say(f"gloss_{_action(item)['type']}", drugs=wording.listed(drugs)) if foreign and drugs else "",
        source=source_name(item),
        strength=_graded(item.get("strength")),
        certainty=_graded(item.get("certainty")),
    )


def source_name(item: dict[str, Any]) -> str:
    """Organisation and year of a recommendation that applies; the id of its guideline where they are not given."""
    named = f"{item.get('organisation', '')} {item.get('year', '')}".strip()
    return named or str(item.get("id", "")).split(".")[0]


def _graded(grade: str | None) -> str:
    return "" if not grade or grade.startswith("not ") else grade


def _waiting(situation: Situation) -> list[dict[str, Any]]:
    """Treatments of the patient's disease that wait for a fact or two."""
    diseases = _diseases(situation)
    if any(_is_treatment(item) and _is_of_this_tumour(item, diseases) for item in applying(situation)):
        diseases -= {_ANY_TUMOUR}
    asked = set(asked_drugs(situation))  # the dose of a drug that is asked about, where it waits for a fact
    waiting = [
        item
        for item in _matched(situation).get("cannot_tell", [])
        if _action(item).get("type") == "treat"
        and "tumour.type" not in item.get("missing", [])
        and (not _action(item).get("concerns_drug") or asked & set(_action(item).get("drugs", [])))
        and _off_topic(item, diseases) == 0
        and len(item.get("missing", [])) <= MAX_LACKING
        and not item.get("beside")
        and not _idle(situation, item)
        and not waits(situation, item)
        and (item.get("acute") or diseases or not is_threatened(situation))
    ]
    waiting.sort(key=lambda i: (False, i["id"].partition(".")[0], i["place"]) if i.get("acute") else (True, "", 0))
    return waiting[:MAX_WAITING]


def _is_of_this_tumour(item: dict[str, Any], diseases: frozenset[str]) -> bool:
    """Whether a recommendation is on the patient's kind of tumour, not on solid tumours of any kind."""
    return bool((diseases - {_ANY_TUMOUR}) & set(item.get("diseases", [])))


def _open(situation: Situation, wording: Wording) -> list[Statement]:
    """What waits for a fact, with what speaks against its drugs here already; what is barred comes last."""
    statements = []
    waiting = sorted(_waiting(situation), key=lambda item: _is_barred(situation, _treated(item)))
    for item in waiting[:MAX_OPEN]:
        own = situation.evidence[item["evidence_id"]]
        text, ids = _with_what_bars(situation, wording, own.claim, _treated(item))
        statements.append(statement("treatment", "finding", text, [own.id, *ids]))
    return statements


def _idle(situation: Situation, item: dict[str, Any]) -> bool:
    """Whether an open treatment waits for a pregnancy that nothing speaks of, in somebody of 60 or more.

    It only keeps such a line out of the list; that the patient is not pregnant is nowhere concluded.
    """
    ages = [float(str(value).split()[0]) for _, _, value in situation.with_fact("patient.age")]
    return "patient.pregnant" in item.get("missing", []) and bool(ages) and min(ages) >= 60


def _excluded(situation: Situation, chosen: list[dict[str, Any]]) -> list[Statement]:
    """Treatments of the patient's disease that fail on one point, and why. Not for drugs offered or taken."""
    offered = {drug for item in chosen for drug in _action(item).get("drugs", [])} | drugs_of_patient(situation)
    statements: list[Statement] = []
    for item in _matched(situation).get("excluded", []):
        if item.get("drugs") and not offered & set(item["drugs"]) and not waits(situation, item):
            own = situation.evidence[item["evidence_id"]]
            statements.append(statement("treatment", "finding", own.claim, [own.id]))
    return statements[:MAX_LEFT_OUT]


def shown_value(because: dict[str, Any]) -> str | bool | int:
    """The value of a fact that decided a recommendation, with its unit, as evidence shows it."""
    value = because["value"]
    if isinstance(value, bool) or not because.get("unit"):
        return value if isinstance(value, bool | int) else str(value)
    return f"{value:g} {because['unit']}" if isinstance(value, float) else f"{value} {because['unit']}"

"""Recommendations that apply, as sentences: treatment options in order, safety alerts, tests and follow-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agent.builtin.reading import Situation
from agent.builtin.wording import Wording, statement
from agent.draft import Section, Statement
from knowledge.facts import vocabulary

MAX_OPTIONS = 14
MAX_FOLLOW_UP = 16
MAX_CHECKED = 40
MAX_LEFT_OUT = 4
MAX_OPEN = 4
# Grades of the common schemes, best first: GRADE words, ACC/AHA and ESC classes, USPSTF letters, CPIC words.
_STRENGTH = ("strong", "1", "i", "class i", "a", "b", "moderate", "2a", "iia", "weak", "conditional", "2", "iib", "2b")
_CERTAINTY = ("high", "a", "1", "i", "moderate", "b", "ii", "low", "c", "very low")


def treatment_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """Treatment options of the patient's disease first, by strength and certainty, then what is left out and why."""
    chosen = _ranked(situation, _is_treatment)
    statements = []
    for item in chosen[:MAX_OPTIONS]:
        statements.append(_statement(situation, wording, "treatment", item))
        if _action(item)["type"] == "treat":
            statements += _against(situation, "treatment", _action(item).get("drugs", []))
    statements += _open(situation)
    return [*statements, *_excluded(situation, chosen)] if statements else []


def follow_up_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """Tests, referrals and follow-up that apply. With a known tumour, screening for other diseases is only counted."""
    chosen = _ranked(situation, lambda item: not _is_treatment(item) and not _is_alert(situation, item))
    diseases = _diseases(situation)
    kept = [i for i in chosen if not diseases or i.get("topic") != "screening" or diseases & set(i.get("diseases", []))]
    statements = [_statement(situation, wording, "follow_up", item) for item in kept[:MAX_FOLLOW_UP]]
    if len(kept) < len(chosen):
        text = wording.say("left_out", number=len(chosen) - len(kept))
        statements.append(statement("follow_up", "question", text))
    return statements


def safety_statements(situation: Situation, wording: Wording) -> list[Statement]:
    """What speaks against a drug that the patient takes now or is about to take."""
    chosen = _ranked(situation, lambda item: _is_alert(situation, item))
    statements = [_statement(situation, wording, "must_not_miss", item) for item in chosen]
    return [*statements, *_against(situation, "must_not_miss", sorted(drugs_of_patient(situation)))]


def _against(situation: Situation, section: Section, drugs: Sequence[str]) -> list[Statement]:
    """What the safety tables hold against these drugs, each row once."""
    answer = situation.latest("check_drugs")
    found = [f for f in (answer.payload.get("findings", []) if answer else []) if f["drug"] in drugs]
    seen: set[tuple[str, str]] = set()
    statements = []
    for item in found:
        key = (item["row"], "" if item["kind"] == "interaction" else item["drug"])
        if key not in seen:
            seen.add(key)
            own = situation.evidence[item["evidence_id"]]
            statements.append(statement(section, "finding", own.claim, [own.id, *item.get("because", [])]))
    return statements


def drugs_to_check(situation: Situation) -> list[str]:
    """Drugs that the patient takes or is about to take, and those of the options for the patient's disease."""
    diseases = _diseases(situation)
    options = [i for i in _ranked(situation, _is_treatment) if not diseases or _off_topic(i, diseases) == 0]
    named = [drug for item in options for drug in _action(item).get("drugs", []) if _action(item)["type"] == "treat"]
    held = sorted(drugs_of_patient(situation))
    return [drug for drug in dict.fromkeys([*held, *named]) if ".class_" not in drug][:MAX_CHECKED]


def bottom_line(situation: Situation, wording: Wording) -> list[Statement]:
    """The first alert and the first option of the patient's disease, for the summary."""
    alerts = _ranked(situation, lambda item: _is_alert(situation, item))
    options = [i for i in _ranked(situation, _is_treatment) if _off_topic(i, _diseases(situation)) == 0]
    return [_statement(situation, wording, "summary", item) for item in (*options[:1], *alerts[:1])]


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
    in_play = options | drugs_of_patient(situation)
    return [
        item
        for item in items.values()
        if not _action(item).get("concerns_drug") or in_play & set(_action(item).get("drugs", []))
    ]


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


def _action(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = item.get("action", {})
    return found


def _is_treatment(item: dict[str, Any]) -> bool:
    action = _action(item)
    return action.get("type") == "treat" or (action.get("type") == "avoid" and not action.get("concerns_drug"))


def _is_alert(situation: Situation, item: dict[str, Any]) -> bool:
    action = _action(item)
    taken = drugs_of_patient(situation) & set(action.get("drugs", []))
    return bool(action.get("concerns_drug") and action.get("type") == "avoid" and taken)


def _diseases(situation: Situation) -> frozenset[str]:
    """The patient's tumour type with its broader types; empty where none is known."""
    found = situation.with_fact("tumour.type")
    return vocabulary()["tumour.type"].code_ancestors(str(found[0][2])) if found else frozenset()


def _off_topic(item: dict[str, Any], diseases: frozenset[str]) -> int:
    """0 for the patient's tumour (or where none is known), 1 for drug-gene advice, 2 for other diseases."""
    if not diseases or diseases & set(item.get("diseases", [])):
        return 0
    return 1 if _action(item).get("concerns_drug") else 2


def _rank(grade: str, order: tuple[str, ...]) -> int:
    words = grade.casefold().strip()
    return order.index(words) if words in order else len(order)


def _ranked(situation: Situation, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    diseases = _diseases(situation)

    def key(item: dict[str, Any]) -> tuple[int, bool, int, int, int]:
        fit = -len({b.get("fact") for b in item.get("because", [])})
        strength, certainty = item.get("strength", ""), item.get("certainty", "")
        avoided = _action(item).get("type") == "avoid"
        return (_off_topic(item, diseases), avoided, _rank(strength, _STRENGTH), _rank(certainty, _CERTAINTY), fit)

    return sorted(filter(wanted, applying(situation)), key=key)


def _statement(situation: Situation, wording: Wording, section: Section, item: dict[str, Any]) -> Statement:
    seen = situation.evidence[item["evidence_id"]]
    ids = [seen.id, *(b["evidence_id"] for b in item.get("because", []) if b.get("evidence_id"))]
    text = wording.say(
        "recommendation",
        text=seen.claim.rstrip("."),
        source=source_name(item),
        strength=_graded(item.get("strength")),
        certainty=_graded(item.get("certainty")),
    )
    return statement(section, "recommendation", text, ids)


def source_name(item: dict[str, Any]) -> str:
    """Organisation and year of a recommendation that applies; the id of its guideline where they are not given."""
    named = f"{item.get('organisation', '')} {item.get('year', '')}".strip()
    return named or str(item.get("id", "")).split(".")[0]


def _graded(grade: str | None) -> str:
    return "" if not grade or grade.startswith("not ") else grade


def _open(situation: Situation) -> list[Statement]:
    """Treatments of the patient's disease that wait for a fact."""
    diseases = _diseases(situation)
    waiting = [
        item
        for item in _matched(situation).get("cannot_tell", [])
        if _action(item).get("type") == "treat"
        and not _action(item).get("concerns_drug")
        and _off_topic(item, diseases) == 0
    ]
    statements = []
    for item in waiting[:MAX_OPEN]:
        own = situation.evidence[item["evidence_id"]]
        statements.append(statement("treatment", "finding", own.claim, [own.id]))
    return statements


def _excluded(situation: Situation, chosen: list[dict[str, Any]]) -> list[Statement]:
    """Treatments of the patient's disease that fail on one point, none of whose drugs is an option, and why."""
    offered = {drug for item in chosen for drug in _action(item).get("drugs", [])}
    statements: list[Statement] = []
    for item in _matched(situation).get("excluded", []):
        if item.get("drugs") and not offered & set(item["drugs"]):
            own = situation.evidence[item["evidence_id"]]
            statements.append(statement("treatment", "finding", own.claim, [own.id]))
    return statements[:MAX_LEFT_OUT]


def shown_value(because: dict[str, Any]) -> str | bool | int:
    """The value of a fact that decided a recommendation, with its unit, as evidence shows it."""
    value = because["value"]
    if isinstance(value, bool) or not because.get("unit"):
        return value if isinstance(value, bool | int) else str(value)
    return f"{value:g} {because['unit']}" if isinstance(value, float) else f"{value} {because['unit']}"

"""Recommendations as proposals: MedicationRequest and ServiceRequest with status `draft` and intent `proposal`.

What is asked for comes from the recommendation's own action, never from the words of the sentence: a drug to avoid
becomes a proposal not to give it (`doNotPerform`), and advice on how to give a drug that may not be taken at all
(`concerns_drug`) becomes a request in words. A sentence that was rejected, is not supported, or was edited by
the reviewer (its words may no longer be the recommendation's) gives none. Of several drugs none is picked: they stand
in one request as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.export.fhir.codes import SYSTEMS, Resource, coding, concept, reference
from agent.report.view import Line
from knowledge.facts import vocabulary
from knowledge.recommendations import Action, Recommendation, recommendations
from tools.evidence import Evidence

_SEVERAL = {"en": "of these, as the note says: {names}", "zh": "其中药物，见备注：{names}"}


def proposals(lines: list[Line], ledger: Mapping[str, Evidence]) -> Iterator[tuple[Line, Evidence, Recommendation]]:
    """Each recommendation that a kept sentence proposes, once, with that sentence and its evidence."""
    known, seen = recommendations().by_id, set[str]()
    for line in lines:
        edited = line.decision is not None and line.decision.action == "edit"
        if line.statement.kind != "recommendation" or line.status != "supported" or edited:
            continue
        for name in line.statement.evidence:
            item = ledger.get(name)
            fact = item.fact("rec.id") if item is not None else None
            found = known.get(str(fact.value)) if fact is not None else None
            if item is not None and found is not None and found.id not in seen:
                seen.add(found.id)
                yield line, item, found


def requests(line: Line, found: Recommendation, base: Resource, reasons: list[str], language: str) -> list[Resource]:
    """The requests of one recommendation: its drugs in one, its tests in one, or what it says in one.

    Args:
        base: id, meta, subject, requester.
        reasons: URLs of the Observations that the sentence rests on.
    """
    action = found.action
    common: Resource = {
        "status": "draft",
        "intent": "proposal",
        **base,
        "note": [{"text": line.text}, {"text": f"{found.id}; strength {found.strength}, certainty {found.certainty}"}],
    }
    if reasons:
        common["reasonReference"] = [reference(url) for url in reasons]
    made = []
    if action.drugs and (action.type == "avoid" or (action.type == "treat" and not action.concerns_drug)):
        made.append(_medication(action, common, language))
    if action.tests or not made:
        code = concept(*_codes(action.tests), text=_names(action.tests, language) or line.text)
        service: Resource = {"resourceType": "ServiceRequest", **common, "code": code}
        if action.type == "avoid":
            service["doNotPerform"] = True
        made.append(service)
    return made


def _medication(action: Action, common: Resource, language: str) -> Resource:
    one = action.drugs if len(action.drugs) == 1 else ()
    text = _names(action.drugs, language)
    if not one:
        text = _SEVERAL[language].format(names=text)
    made: Resource = {
        "resourceType": "MedicationRequest",
        **common,
        "medicationCodeableConcept": concept(*_codes(one), text=text),
    }
    if action.type == "avoid":
        made["doNotPerform"] = True
    elif action.dose:
        made["dosageInstruction"] = [{"text": action.dose}]
    return made


def _names(facts: tuple[str, ...], language: str) -> str:
    specs = vocabulary()
    labels = (specs.spec(name).label for name in facts)
    return "; ".join(label.get(language) or label.get("en") or "" for label in labels)


def _codes(facts: tuple[str, ...]) -> list[Resource]:
    """Codes of a single thing that is asked for. Of several none is given: codes of one concept mean the same."""
    if len(facts) != 1:
        return []
    codes = vocabulary().spec(facts[0]).codes
    return [coding(SYSTEMS[name], code) for name, code in codes.items() if name in SYSTEMS]

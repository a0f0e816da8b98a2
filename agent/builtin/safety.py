"""What the safety tables said of drugs, as sentences: what bars a drug, what calls for care, what was found clear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.builtin.reading import Situation
from agent.builtin.wording import Wording, statement
from agent.draft import Section, Statement

MAX_CLEAR = 8
MAX_OPEN_FACTS = 4
_OF_MOTHERS = ("patient.pregnant", "patient.breastfeeding")


def _payload(situation: Situation) -> dict[str, Any]:
    answer = situation.latest("check_drugs")
    return answer.payload if answer else {}


def _findings(situation: Situation, drugs: Sequence[str]) -> list[dict[str, Any]]:
    return [item for item in _payload(situation).get("findings", []) if item["drug"] in drugs]


def barring(situation: Situation, drugs: Sequence[str]) -> list[dict[str, Any]]:
    """The findings that bar one of these drugs for this patient, each row of a drug once."""
    found = {(f["row"], f["drug"]): f for f in _findings(situation, drugs) if f["severity"] == "contraindicated"}
    return list(found.values())


def against(situation: Situation, section: Section, drugs: Sequence[str], *, grave: bool = False) -> list[Statement]:
    """What the safety tables hold against these drugs, each row once; with `grave` only what bars a drug."""
    return _stated(situation, section, barring(situation, drugs) if grave else _findings(situation, drugs))


def cautions(situation: Situation, drugs: Sequence[str]) -> list[Statement]:
    """What calls for care with these drugs and does not bar them."""
    careful = [f for f in _findings(situation, drugs) if f["severity"] != "contraindicated"]
    return _stated(situation, "treatment", careful)


def _stated(situation: Situation, section: Section, findings: Sequence[dict[str, Any]]) -> list[Statement]:
    """Each row once; one that speaks of several drugs in the same words names them together."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in findings:
        claim = situation.evidence[item["evidence_id"]].claim
        rest = claim if item["kind"] == "interaction" else claim.partition(" with ")[2] or claim
        members = groups.setdefault((item["row"], "" if item["kind"] == "interaction" else rest), [])
        if not members or item["kind"] != "interaction":
            members.append(item)
    return [_together(situation, section, members) for members in groups.values()]


def _together(situation: Situation, section: Section, members: Sequence[dict[str, Any]]) -> Statement:
    claims = [situation.evidence[item["evidence_id"]].claim for item in members]
    drugs = [claim.partition(" with ")[0] for claim in dict.fromkeys(claims)]
    text = claims[0]
    if len(drugs) > 1:
        named = Wording("en").listed([drugs[0], *(drug[0].lower() + drug[1:] for drug in drugs[1:])], most=len(drugs))
        text = f"{named}{claims[0][len(drugs[0]) :]}"
    ids = [i for item in members for i in (item["evidence_id"], *item.get("because", []))]
    return statement(section, "finding", text, ids)


def clear_of(situation: Situation, wording: Wording, drugs: Sequence[str]) -> list[Statement]:
    """That drugs were checked and nothing was found."""
    payload = _payload(situation)
    by_drug = dict(zip(payload.get("clear", []), payload.get("clear_evidence", []), strict=False))
    clear = [drug for drug in drugs if drug in by_drug][:MAX_CLEAR]
    if not clear:
        return []
    text = wording.say("clear", drugs=wording.listed([wording.label(drug) for drug in clear]))
    return [statement("treatment", "finding", text, [by_drug[drug] for drug in clear])]


def unchecked(situation: Situation, wording: Wording, drugs: Sequence[str]) -> list[Statement]:
    """What would have to be known to check these drugs fully: pregnancy first in a woman under 60, else not at all.

    Diagnoses that nobody recorded are not asked for one by one; `clear_of` says that the check rests on what is known.
    """
    wanted = {
        item["drug"]: [name for name in item["missing"] if not name.startswith("condition.")]
        for item in _payload(situation).get("open", [])
        if item["drug"] in drugs
    }
    missing = list(dict.fromkeys(name for names in wanted.values() for name in names))
    if not _may_be_pregnant(situation):
        missing = [name for name in missing if name not in _OF_MOTHERS]
    missing.sort(key=lambda name: name not in _OF_MOTHERS)
    if not missing:
        return []
    text = wording.say(
        "unchecked",
        drugs=wording.listed([wording.label(drug) for drug, names in wanted.items() if set(names) & set(missing)]),
        facts=wording.listed([wording.label(name) for name in missing], most=MAX_OPEN_FACTS),
    )
    return [statement("missing", "question", text)]


def _may_be_pregnant(situation: Situation) -> bool:
    """Whether pregnancy is worth asking for: not in a man, after the menopause, nor from 60 on. It decides a question,
    never advice."""
    sexes = {str(value) for _, _, value in situation.with_fact("patient.sex")}
    ages = [float(str(value).split()[0]) for _, _, value in situation.with_fact("patient.age")]
    past = any(value is True for _, _, value in situation.with_fact("condition.postmenopausal"))
    return sexes != {"male"} and not past and (not ages or min(ages) < 60)

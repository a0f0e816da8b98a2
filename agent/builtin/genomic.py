"""What the draft says of variants and diplotypes: which come first, and which speak against the patient's drugs."""

from __future__ import annotations

import re

from agent.builtin.options import asked_drugs, drugs_of_patient
from agent.builtin.reading import Seen, Situation
from agent.builtin.wording import Wording, english_label, statement
from agent.draft import Statement

_TIERS = ("I_A", "I_B", "II_C", "II_D")
_STRONG = ("A", "B")
_AT_BEST = " at best"


def weightiest_variants(situation: Situation) -> list[Seen]:
    """The variants: those of tier I and II first, then those that state a fact of the patient, then in their order."""

    def weight(item: Seen) -> tuple[int, bool]:
        tier = str(item.facts.get("variant.tier", ""))
        stated = any(name.startswith(("germline.", "biomarker.")) for name in item.facts)
        return (_TIERS.index(tier) if tier in _TIERS else len(_TIERS), not stated)

    return sorted(situation.of_kind("variant"), key=weight)


def in_both_samples(situation: Situation, wording: Wording) -> list[Statement]:
    """Variants of the tumour that the germline sample has too."""
    places: dict[str, list[Seen]] = {}
    for item in situation.of_kind("variant"):
        places.setdefault(str(item.facts.get("variant.place", "")), []).append(item)
    statements = []
    for items in places.values():
        inherited = [item for item in items if " is in the germline sample" in item.claim]
        found = [item for item in items if " is in the tumour sample" in item.claim]
        if inherited and found:
            text = wording.say("in_both_samples", variant=str(found[0].facts["variant.name"]))
            statements.append(statement("findings", "inference", text, [inherited[0].id, found[0].id]))
    return statements


def against_drugs(situation: Situation) -> list[Seen]:
    """For each drug that is taken, proposed or asked about: the strongest record of resistance to it in this kind of
    tumour, and a drug-gene pair whose phenotype is known to be reduced but not by how much."""
    names = {_plain(english_label(name)) for name in drugs_of_patient(situation) | set(asked_drugs(situation))}
    found: dict[str, Seen] = {}
    for drug in sorted(names):
        records = [item for item in situation.of_kind("database_record") if _resists(item, drug)]
        records.sort(key=lambda item: (" plus " in str(item.facts["variant.drug"]), _level(item)))
        pairs = [item for item in situation.of_kind("database_record") if _reduced(item, drug)]
        for item in (*records[:1], *pairs[:1]):
            found.setdefault(item.id, item)
    return list(found.values())


def _resists(item: Seen, drug: str) -> bool:
    if (
        item.facts.get("variant.drug_effect") not in ("resistance", "predicts resistance")
        or _level(item) not in _STRONG
    ):
        return False
    return "another disease" not in item.claim and _names(str(item.facts.get("variant.drug", "")), drug)


def _level(item: Seen) -> str:
    return str(item.facts.get("variant.evidence_level", ""))


def _reduced(item: Seen, drug: str) -> bool:
    known = str(item.facts.get("diplotype.phenotype", ""))
    return known.endswith(_AT_BEST) and _plain(str(item.facts.get("diplotype.drug", ""))) == drug


def _names(text: str, drug: str) -> bool:
    return drug in re.split(r" (?:plus|or) ", _plain(text))


def _plain(text: str) -> str:
    return text.casefold().strip()


__all__ = ["against_drugs", "in_both_samples", "weightiest_variants"]

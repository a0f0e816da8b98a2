"""From the codes and words of a record to fact names: LOINC, SNOMED CT, ICD-10, RxNorm, ATC, and names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml

SYSTEMS = {
    "http://loinc.org": "loinc",
    "http://snomed.info/sct": "snomed",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://www.whocc.no/atc": "atc",
}
FIRST_DEGREE = frozenset({"mother", "father", "parent", "brother", "sister", "sibling", "son", "daughter", "child"})
_SEMANTIC_TAG = re.compile(r"\s*\((?:disorder|finding|situation|procedure|substance|event|product)\)\s*$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MAX_NAME_WORDS = 5


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The tables of `codes.yaml`."""
    data: dict[str, Any] = load_yaml(Path(__file__).parent / "codes.yaml")
    return data


@lru_cache(maxsize=1)
def _by_code() -> dict[tuple[str, str], list[str]]:
    made: dict[tuple[str, str], list[str]] = {}
    for name, spec in vocabulary().items():
        for system, codes in spec.codes.items():
            for code in re.split(r"[\s,;|]+", codes):
                made.setdefault((system, code.upper()), []).append(name)
    for code, name in tables()["loinc"].items():
        if name in vocabulary():
            made.setdefault(("loinc", code), []).append(name)
    return made


def facts_of_code(system: str, code: str, prefix: str = "") -> list[str]:
    """Names of facts under `prefix` that the code of a system (`loinc`, `icd10`, …) stands for.

    An ICD-10 code that is not listed falls back to the broader codes that it refines (E11.65, E11.6, E11).
    """
    code = code.strip().upper()
    tried = [code]
    if system == "icd10":
        tried += [code[:length].rstrip(".") for length in range(len(code) - 1, 2, -1)]
    for candidate in tried:
        found = [name for name in _by_code().get((system, candidate), ()) if name.startswith(prefix)]
        if found:
            return found
    return []


def fact_of(codings: Iterable[tuple[str, str]], texts: Iterable[str], prefix: str) -> str | None:
    """The one fact under `prefix` that the codes, or else the words, stand for; None if none or several do."""
    for system, code in codings:
        found = facts_of_code(system, code, prefix)
        if len(found) == 1:
            return found[0]
    for text in texts:
        name = vocabulary().find(prefix, _SEMANTIC_TAG.sub("", text)) if text.strip() else None
        if name is not None:
            return name
    return None


@lru_cache(maxsize=8)
def _names(prefix: str) -> dict[tuple[str, ...], str]:
    made: dict[tuple[str, ...], str] = {}
    for name, spec in vocabulary().items():
        if name.startswith(prefix) and ".class_" not in name:
            for text in (name[len(prefix) :].replace("_", " "), *spec.label.values(), *spec.synonyms):
                made.setdefault(tuple(_words(text)), name)
    return made


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def names_within(text: str, prefix: str) -> list[str]:
    """Facts under `prefix` whose name stands as whole words in the text, longest first, in order of appearance.

    For product names such as "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet".
    """
    words, index, found, at = _words(text), _names(prefix), [], 0
    while at < len(words):
        for length in range(min(_MAX_NAME_WORDS, len(words) - at), 0, -1):
            name = index.get(tuple(words[at : at + length]))
            if name is not None:
                if name not in found:
                    found.append(name)
                at += length - 1
                break
        at += 1
    return found


def family_fact(relation: str, codings: Iterable[tuple[str, str]], text: str) -> str | None:
    """The `family_history.*` fact of a first-degree relative's condition, or None.

    A coded condition is looked up among `condition.*` facts, and the family fact of the same name is taken.
    """
    if relation.casefold() not in FIRST_DEGREE:
        return None
    found = fact_of((), (text,), "family_history.")
    if found is None:
        condition = fact_of(codings, (text,), "condition.")
        name = "family_history." + condition.removeprefix("condition.") if condition else ""
        found = name if name in vocabulary() else None
    return found


def with_age(fact: str | None, age_years: float | None) -> str | None:
    """The narrower family fact that the age at onset allows, such as `family_history.breast_cancer_under_50`."""
    if fact is None or age_years is None:
        return fact
    limits = []
    for name in vocabulary():
        match = re.fullmatch(re.escape(fact) + r"_under_(\d+)", name)
        if match and age_years < int(match[1]):
            limits.append((int(match[1]), name))
    return min(limits)[1] if limits else fact

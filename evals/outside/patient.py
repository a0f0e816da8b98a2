"""The scripted patient and measurements of an AgentClinic scenario: they say what it holds, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

NORMAL = "RESULTS: NORMAL READINGS"
UNKNOWN = "I don't know anything about that."
# Topics that a doctor asks about -> words of the keys under which a scenario holds the answer.
_TOPICS = {
    "past": "past|medical history|surgical", "medic": "medication|drug|past medical", "allerg": "allerg",
    "smok|alcohol|live|work|social|travel": "social|lifestyle|travel", "family": "family",
    "other symptom|anything else|how do you feel": "symptom|review", "old are you": "demographic",
    "bring|happen|problem|started|begin|describe": "^history|present|symptom|complaint",
}  # fmt: skip


class Scenario(NamedTuple):
    """One case: the doctor's task, what the patient knows, examination, tests, and the diagnosis."""

    name: str
    objective: str
    patient: Mapping[str, Any]
    examination: Mapping[str, Any]
    tests: Mapping[str, Any]
    diagnosis: str
    choices: tuple[str, ...] = ()

    def says(self, question: str) -> str:
        """The patient's answer to a question: the parts of what the patient knows that its topic names."""
        wanted = [keys for words, keys in _TOPICS.items() if re.search(words, question, re.IGNORECASE)]
        parts = [
            f"{shown(key)}: {flat(value)}"
            for key, value in self.patient.items()
            if any(re.search(keys, key.replace("_", " "), re.IGNORECASE) for keys in wanted)
        ]
        return " ".join(dict.fromkeys(parts)) or UNKNOWN

    def examined(self) -> str:
        """The findings of the physical examination."""
        return flat(self.examination) or NORMAL

    def measured(self, request: str) -> str:
        """The results of the tests that a request names; what the scenario does not hold is normal."""
        wanted = words_of(request) - {"request", "test", "tests", "study", "results"}
        found = [(key, value) for key, value in _tests(self.tests) if wanted & words_of(key)]
        return "RESULTS: " + "; ".join(f"{shown(k)}: {flat(v)}" for k, v in found) if found else NORMAL


def _tests(node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each test with its name; the findings inside one test stay together."""
    for key, value in node.items():
        name = f"{above} {key}".strip()
        nested = isinstance(value, Mapping) and any(isinstance(v, Mapping) for v in value.values())
        if nested:
            yield from _tests(value, name)
        else:
            yield name, value


def shown(key: str) -> str:
    """A key as words."""
    return key.replace("_", " ")


def flat(value: Any) -> str:
    """Nested findings as one line of text."""
    if isinstance(value, Mapping):
        return "; ".join(f"{shown(str(k))}: {flat(v)}" for k, v in value.items() if flat(v))
    if isinstance(value, list | tuple):
        return ", ".join(flat(item) for item in value)
    return "" if value is None else " ".join(str(value).split())


def words_of(text: str) -> set[str]:
    """Words of a name of a test, short ones left out."""
    return {
        word for word in re.split(r"[^a-z0-9]+", text.replace("_", " ").casefold()) if len(word) > 2 or word in ("ct",)
    }

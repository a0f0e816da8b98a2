"""The same case put differently: paraphrase, order, units, typing errors, distractors, a missing modality.

Each change takes a case and a seed and gives the changed case, or None where it has nothing to change. All but the last
keep what the case means.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.verify.concepts import mentions
from agent.verify.text import lexicon_pattern
from evals.cases.model import ScriptedCase
from knowledge.errors import ConsiliumError
from knowledge.facts import vocabulary
from knowledge.units import convert
from knowledge.yamlfile import load_yaml

Change = Callable[[ScriptedCase, random.Random], ScriptedCase | None]

# What a value may be written in instead: unit -> other unit, where the fact can be converted.
_OTHER_UNITS = {
    "mg/dL": "mmol/L", "mmol/L": "mg/dL", "g/dL": "g/L", "g/L": "g/dL", "umol/L": "mg/dL", "mm": "cm", "cm": "mm",
    "kg": "[lb_av]", "Cel": "[degF]", "ng/mL": "ug/L", "10*9/L": "10*3/uL",
}  # fmt: skip
# Lengths in notes, which the reader converts: `14 mm` and `1.4 cm`.
_LENGTH = re.compile(r"(?<![\d.x×/-])(\d+(?:\.\d+)?)( ?)(mm|cm)\b(?!\s*(?:x|×|Hg|\[))")
_WORD = re.compile(r"[A-Za-z]{6,}")
_LONG = re.compile(r"[A-Za-z]{8,}")
TYPO_SHARE = 0.4
DISTRACTORS = {
    "en": "Date: 2026-09-01\n\nNursing note. Wears reading glasses. Sleeps well. Eats a mixed diet. Skin of both "
    "forearms is dry; a moisturiser was suggested. Lives with a partner and a cat.\n",
    "zh": "日期：2026-09-01\n\n护理记录。戴老花镜。睡眠良好，饮食均衡。"
    "双前臂皮肤干燥，建议使用润肤霜。与配偶及一只猫同住。\n",
}


@lru_cache(maxsize=1)
def phrases() -> dict[str, list[list[str]]]:
    """Pairs of words that mean the same, by language."""
    found: dict[str, list[list[str]]] = load_yaml(Path(__file__).parent / "phrases.yaml")
    return found


def paraphrased(case: ScriptedCase, _: random.Random) -> ScriptedCase | None:
    """Notes and question in other words."""
    notes = {name: _reworded(text, case.language) for name, text in case.notes.items()}
    question = _reworded(case.question, case.language)
    if notes == case.notes and question == case.question:
        return None
    return case.model_copy(update={"notes": notes, "question": question})


def _reworded(text: str, language: str) -> str:
    edge = "" if language == "zh" else r"\b"
    for one, other in phrases()[language]:
        text = re.sub(f"{edge}{re.escape(one)}{edge}", other, text)
    return text


def reordered(case: ScriptedCase, rng: random.Random) -> ScriptedCase | None:
    """Files of notes, paragraphs after the first, and lists of the case in another order."""
    names = list(case.notes)
    rng.shuffle(names)
    notes = {f"{place}-{name}": _shuffled(case.notes[name], rng) for place, name in enumerate(names)}
    body: dict[str, Any] = {
        key: list(reversed(value)) if isinstance(value, list) else value for key, value in case.case.items()
    }
    if body == case.case and [*notes.values()] == [*case.notes.values()]:
        return None
    return case.model_copy(update={"notes": notes, "case": body})


def _shuffled(text: str, rng: random.Random) -> str:
    first, *rest = text.split("\n\n")
    rng.shuffle(rest)
    return "\n\n".join([first, *rest])


def other_units(case: ScriptedCase, _: random.Random) -> ScriptedCase | None:
    """Values of observations, and lengths in notes, in another unit."""
    observations = [_converted(item) for item in case.case.get("observations", ())]
    notes = {name: _LENGTH.sub(_other_length, text) for name, text in case.notes.items()}
    if observations == list(case.case.get("observations", ())) and notes == case.notes:
        return None
    body = {**case.case, "observations": observations} if observations else case.case
    return case.model_copy(update={"notes": notes, "case": body})


def _converted(item: dict[str, Any]) -> dict[str, Any]:
    """An observation in another unit, to six digits; unchanged where there is none."""
    other = _OTHER_UNITS.get(str(item.get("unit")))
    spec = vocabulary().get(str(item.get("fact")))
    if other is None or spec is None or not isinstance(item.get("value"), int | float):
        return item
    try:
        value = convert(float(item["value"]), item["unit"], other, spec.molar_mass_g_per_mol)
    except ConsiliumError:
        return item
    return {**item, "value": float(f"{value:.6g}"), "unit": other}


def _other_length(found: re.Match[str]) -> str:
    value, gap, unit = float(found[1]), found[2], found[3]
    other, factor = ("cm", 0.1) if unit == "mm" else ("mm", 10.0)
    return f"{value * factor:.6g}{gap}{other}"


def mistyped(case: ScriptedCase, rng: random.Random) -> ScriptedCase | None:
    """Typing errors in words of notes that name nothing and negate nothing: two inner letters change places."""
    notes = {name: _with_typos(text, rng) for name, text in case.notes.items()}
    return None if notes == case.notes else case.model_copy(update={"notes": notes})


def _with_typos(text: str, rng: random.Random) -> str:
    kept = _critical(text)

    def mistake(found: re.Match[str]) -> str:
        word = found[0]
        named = word.lower() in _vocabulary_words() or word.lower().removesuffix("s") in _vocabulary_words()
        spared = any(found.start() < high and low < found.end() for low, high in kept)
        if named or spared or rng.random() > TYPO_SHARE:
            return word
        at = rng.randrange(1, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _WORD.sub(mistake, text)


@lru_cache(maxsize=1)
def _vocabulary_words() -> frozenset[str]:
    """Every word of a label or synonym of the vocabulary, such as nodule."""
    specs = vocabulary().values()
    texts = [t for spec in specs for t in (*spec.label.values(), *spec.synonyms)]
    texts += [t for spec in specs for code in spec.values.values() for t in (*code.label.values(), *code.synonyms)]
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def _critical(text: str) -> list[tuple[int, int]]:
    """Where a text names a concept, negates, is a heading, or gives a value."""
    from tools.notes.extract import extract

    spans = [(m.start, m.start + len(m.text)) for m in mentions(text)]
    spans += [m.span() for m in lexicon_pattern("negation", "forward").finditer(text)]
    spans += [m.span() for m in re.finditer(r"^.*:\s*$|^[^:\n]{0,40}:", text, re.MULTILINE)]
    spans += [m.span() for m in re.finditer(r"\S*\d\S*", text)]
    return spans + [(item.start, item.end) for item in extract(text, "en")]


def distracted(case: ScriptedCase, _: random.Random) -> ScriptedCase | None:
    """A further note of findings that decide nothing."""
    return case.model_copy(update={"notes": {**case.notes, "nursing.md": DISTRACTORS[case.language]}})


def without_modality(case: ScriptedCase, _: random.Random) -> ScriptedCase | None:
    """The scan, or else the variant files, are not there. What rests on them may not be said then."""
    if case.phantom:
        return case.model_copy(update={"phantom": False})
    return case.model_copy(update={"variants": ()}) if case.variants else None


def misspelt(case: ScriptedCase, rng: random.Random) -> ScriptedCase | None:
    """One typing error in each note, in a long word that names something: a condition, drug or measure."""
    notes = {name: _with_misspelling(text, rng) for name, text in case.notes.items()}
    return None if notes == case.notes else case.model_copy(update={"notes": notes})


def _with_misspelling(text: str, rng: random.Random) -> str:
    words = [found for found in _LONG.finditer(text) if found[0].lower() in _vocabulary_words()]
    if not words:
        return text
    chosen = rng.choice(words)
    at = rng.choice([i for i in range(1, len(chosen[0]) - 2) if chosen[0][i] != chosen[0][i + 1]])
    word = chosen[0][:at] + chosen[0][at + 1] + chosen[0][at] + chosen[0][at + 2 :]
    return text[: chosen.start()] + word + text[chosen.end() :]


TOLD = "told in a note"  # compared with the case as written; see `noted`
CHANGES: dict[str, Change] = {
    "paraphrase": paraphrased,
    "order": reordered,
    "units": other_units,
    "typing errors": mistyped,
    "misspelt terms": misspelt,
    "distractor": distracted,
    "missing modality": without_modality,
}
# A change that takes something away: conclusions may go, and none may come.
TAKES_AWAY = frozenset({"missing modality"})
# Changes of how a note is written: they start from the case told in a note.
OF_NOTES = frozenset({"paraphrase", "order", "units", "typing errors", "misspelt terms"})

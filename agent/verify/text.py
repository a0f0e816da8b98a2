"""Words, clauses and negation of a sentence, in English and Chinese.

Negation follows the idea of NegEx and ConText (Chapman 2001, doi 10.1006/jbin.2001.1029; Harkema 2009,
doi 10.1016/j.jbi.2009.05.002): a cue negates what follows it up to the end of its clause. The same reading is
applied to the sentence and to the evidence, so that a sentence that repeats its evidence always agrees with it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.facts import FactSpec, vocabulary
from knowledge.yamlfile import load_yaml

CJK = r"\u3400-\u9fff"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(r"(?<=10)[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_CLAUSE_END = re.compile(r"[;；。!?！？()（）]|[,，](?!\d{3})|\.(?=\s|$)")
# A cue that ends its part of a list negates what stands before it: "ALK融合：无、…".
_CLOSING = re.compile(r"[:：]\s*(?:无|没有|否|no|none)\s*(?=[、]|$)", re.IGNORECASE)
_WORD = re.compile(rf"[A-Za-z][A-Za-z'-]*[A-Za-z]|[A-Za-z]|[{CJK}]+")


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """The words that sentences are read by, from `lexicon.yaml`."""
    data: dict[str, Any] = load_yaml(Path(__file__).parent / "lexicon.yaml")
    return data


def normalise(text: str) -> str:
    """One spelling of digits, signs and spaces: full width to half width, superscripts to plain digits, one dash."""
    text = _POWER.sub(lambda m: "^" + m[0].translate(_SUPERSCRIPTS), text).translate(_SUPERSCRIPTS)
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text).replace("μ", "µ").replace("’", "'")
    return re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=256)
def phrase_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that finds any of `words`, longest first; Latin words only as whole words, ignoring case."""
    if not words:
        return re.compile(r"(?!x)x")
    parts = [_bounded(word) for word in sorted(set(words), key=len, reverse=True)]
    return re.compile("|".join(parts), re.IGNORECASE)


@lru_cache(maxsize=256)
def lexicon_pattern(*keys: str) -> re.Pattern[str]:
    """A pattern for the words under `keys` of the lexicon, such as `negation`, `forward`."""
    words: Any = lexicon()
    for key in keys:
        words = words[key]
    return phrase_pattern(tuple(words))


def _bounded(word: str) -> str:
    escaped = re.escape(word)
    left = r"(?<![A-Za-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    right = r"(?![A-Za-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return f"{left}{escaped}{right}"


def clauses(text: str) -> list[tuple[int, int]]:
    """Start and end of each clause of `text` (normalised)."""
    ends = lexicon_pattern("negation", "ends")
    cuts = sorted({m.start() for m in _CLAUSE_END.finditer(text)} | {m.start() for m in ends.finditer(text)})
    found, start = [], 0
    for cut in [*cuts, len(text)]:
        if text[start:cut].strip():
            found.append((start, cut))
        start = cut
    return found


@dataclass(frozen=True)
class Negation:
    """Where `text` is negated, as a list of [start, end) ranges."""

    ranges: tuple[tuple[int, int], ...]

    def at(self, start: int) -> bool:
        """Whether the character at `start` is under a negation (two negations do not cancel)."""
        return any(low <= start < high for low, high in self.ranges)


def negation(text: str) -> Negation:
    """Find the negated ranges of `text` (normalised)."""
    masked = _not_negations().sub(lambda m: "\x00" * len(m[0]), text)
    forward, whole = lexicon_pattern("negation", "forward"), lexicon_pattern("negation", "whole")
    ranges: list[tuple[int, int]] = []
    for start, end in clauses(text):
        clause = masked[start:end]
        if whole.search(clause):
            ranges.append((start, end))
            continue
        parts = [(low, high) for low, high in _parts(clause) if _CLOSING.search(clause, low, high)]
        ranges += [(start + low, start + high) for low, high in parts]
        cue = next((c for c in forward.finditer(clause) if not any(a <= c.start() < b for a, b in parts)), None)
        if cue is not None:
            ranges.append((start + cue.end(), end))
    return Negation(tuple(ranges))


def _parts(clause: str) -> list[tuple[int, int]]:
    cuts = [0, *(m.end() for m in re.finditer("、", clause)), len(clause)]
    return list(itertools.pairwise(cuts))


def _labels(spec: FactSpec) -> list[str]:
    values = (label for value in spec.values.values() for label in value.label.values())
    return [normalise(label) for label in (*spec.label.values(), *values)]


@lru_cache(maxsize=1)
def _not_negations() -> re.Pattern[str]:
    """Spellings that hold a cue but negate nothing, names of facts among them ("未覆盖的定义位点数")."""
    forward = lexicon_pattern("negation", "forward")
    labels = {
        label
        for spec in vocabulary().values()
        for label in _labels(spec)
        if (cue := forward.search(label)) and (cue.start() > 0 or spec.kind in ("quantity", "integer", "text"))
    }
    return phrase_pattern((*lexicon()["negation"]["ignored"], *sorted(labels)))


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A crude English stem that also folds British and American spelling."""
    word = (
        word.lower().replace("'s", "").replace("ae", "e").replace("oe", "e").replace("our", "or").replace("ise", "ize")
    )
    for ending in ("ations", "ation", "ities", "ingly", "ings", "edly", "ing", "ies", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=1)
def _stop() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(lexicon()["stop_words"]), frozenset(lexicon()["stop_characters"])


def content_words(text: str) -> list[tuple[str, int]]:
    """Stems of the words that carry content, with their place; Chinese runs as pairs of characters."""
    stop, dull = _stop()
    found: list[tuple[str, int]] = []
    for match in _WORD.finditer(text):
        word = match[0]
        if word[0].isascii():
            for part in re.finditer(r"[A-Za-z']+", word):
                if len(part[0]) > 2 and part[0].lower() not in stop:
                    found.append((stem(part[0]), match.start() + part.start()))
        else:
            pairs = ((word[i : i + 2], match.start() + i) for i in range(len(word) - 1))
            found += [pair for pair in pairs if not (pair[0][0] in dull or pair[0][1] in dull)]
    return found

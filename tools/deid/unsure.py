"""Where the rules cannot tell: a text in a language that they were not made for."""

from __future__ import annotations

import re

from tools.deid.dictionary import look_up

_LETTER = re.compile(r"[^\W\d_]")
_HAN_OR_LATIN = re.compile(r"[A-Za-zÀ-ɏ\u3400-\u9fff\u0370-\u03ff\u00b5]")  # Greek letters stand in units and names
_SMALL_WORD = re.compile(r"(?<![A-Za-zÀ-ɏ])[a-zà-ɏ]{3,}(?![A-Za-zÀ-ɏ])")
_FOREIGN_SHARE = 0.05
_FEWEST_WORDS = 30
# Of 174 English case notes the lowest share of known words is given by `evals.benchmarks.deid`.
_KNOWN_SHARE = 0.5


def why_unsure(text: str) -> str | None:
    """Why identifiers of `text` could go unseen, or None: it is neither English nor Chinese."""
    letters = _LETTER.findall(text)
    foreign = sum(_HAN_OR_LATIN.match(letter) is None for letter in letters)
    if letters and foreign > _FOREIGN_SHARE * len(letters):
        return "it is in a script that the rules do not read; English and Chinese are read"
    words = _SMALL_WORD.findall(text)
    if len(words) >= _FEWEST_WORDS and sum(look_up(word).ordinary for word in words) < _KNOWN_SHARE * len(words):
        return "its language does not seem to be English or Chinese"
    return None

"""Words of a note in which two neighbouring letters changed places, read as they were meant.

Only that error is mended, in words of six letters or more, where it gives exactly one word that notes use: a letter
that is missing or wrong can make one drug or disease of another, two that changed places hardly ever do. The text keeps
its length, so that every place in it stays where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml
from tools.notes.document import LEXICON

SHORTEST = 6
_WORD = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{{SHORTEST},}}(?![A-Za-z0-9])")


class Misspelling(NamedTuple):
    """A word as it stands in a text from `start` on, and as it was read."""

    start: int
    written: str
    meant: str


def misspellings(text: str) -> Iterator[Misspelling]:
    """The words of a text that are read otherwise than they are written."""
    for found in _WORD.finditer(text):
        meant = _meant().get(found[0].lower())
        if meant is not None:
            yield Misspelling(found.start(), found[0], _in_case_of(found[0], meant))


def corrected(text: str) -> str:
    """The text as it was meant, of the same length."""
    for item in misspellings(text):
        text = text[: item.start] + item.meant + text[item.start + len(item.written) :]
    return text


def _in_case_of(written: str, meant: str) -> str:
    if written.isupper():
        return meant.upper()
    return meant.capitalize() if written[0].isupper() else meant


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Words that notes use: names of the vocabulary, and the words of the lexicons."""
    specs = vocabulary().values()
    texts = [t for spec in specs for t in (*spec.label.values(), *spec.synonyms)]
    texts += [t for spec in specs for code in spec.values.values() for t in (*code.label.values(), *code.synonyms)]
    texts += [text for path in sorted(LEXICON.glob("*.yaml")) for text in _texts(load_yaml(path))]
    words = {word.lower() for text in texts for word in _WORD.findall(text)}
    return frozenset(words | {f"{word}s" for word in words if not word.endswith("s")})


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def swapped(word: str) -> Iterator[str]:
    """The word with each two neighbouring letters after the first in the other's place."""
    for at in range(1, len(word) - 1):
        if word[at] != word[at + 1]:
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@lru_cache(maxsize=1)
def _meant() -> dict[str, str]:
    """Misspelling -> the one word that it stands for."""
    known = known_words()
    right = set(load_yaml(LEXICON / "spelling.yaml")["right"])
    found: dict[str, set[str]] = {}
    for word in known:
        for wrong in swapped(word):
            if wrong not in known and wrong not in right:
                found.setdefault(wrong, set()).add(word)
    return {wrong: next(iter(words)) for wrong, words in found.items() if len(words) == 1}

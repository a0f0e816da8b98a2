"""Names beside found ones: the other parts of a name, and names joined to it by `and` or a stroke."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.deid.dictionary import EPONYMS, look_up, word_list
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import CAPITALISED, PARTICLE, TITLES, is_clinical_word
from tools.deid.strangers import NO_PERSONS, WORD, frequent

_ROLES = word_list("not_after_a_name")
_LINK = r"[ \t]*(?:[ \t](?:and|&|or)[ \t]|/|->|→|,[ \t]+(?:and[ \t]+)?)[ \t]*"
_JOINED = re.compile(_LINK)
_JOINED_BEFORE = re.compile(rf"(?<![\w@.'’-])(?P<word>{CAPITALISED})(?:{_LINK})$")
_NEXT_WORD = re.compile(rf"(?P<word>{CAPITALISED})(?![\w@])(?!-\w)")
_BLANKS = re.compile(r"[ \t]+")
_WORD_RIGHT = re.compile(rf"(?:[ \t]+{PARTICLE}\b|[ \t]['’]s\b)*[ \t]+(?P<word>{CAPITALISED})(?![\w@'’])")
_WORD_LEFT = re.compile(rf"(?<![\w@.'’/-])(?P<word>{CAPITALISED})(?:[ \t]+(?:[A-Z]\.|{PARTICLE}))*[ \t]+$")
_MOST_WORDS, _MOST_JOINED = 4, 8
# A capitalised word after a given name, with small letters or a mark behind it.
_ODD_FAMILY = re.compile(rf"[ \t](?P<word>{CAPITALISED})(?=[ \t]*[.,;:)\n]|[ \t]+[a-z(]|$)")


def joined(text: str, persons: Iterable[Identifier]) -> Iterator[Identifier]:
    """Names that are joined to a found one: `Virtanen and Brown`, `Virtanen/Brown`."""
    for found in persons:
        if found.kind is not Kind.PERSON:
            continue
        before = _JOINED_BEFORE.search(text, max(0, found.start - 40), found.start)
        if before is not None and _may_belong(text, before):
            yield Identifier(Kind.PERSON, before.start("word"), before.end("word"), "joined")
        link = _JOINED.match(text, found.end)
        match = _NEXT_WORD.match(text, link.end()) if link is not None else None
        for _ in range(_MOST_JOINED):
            if match is None or not (_may_belong(text, match) or frequent(match[0])):
                break
            yield Identifier(Kind.PERSON, match.start(), match.end(), "joined")
            link = _JOINED.match(text, match.end()) or _BLANKS.match(text, match.end())
            match = _NEXT_WORD.match(text, link.end()) if link is not None else None


def widened(text: str, persons: Iterable[Identifier]) -> Iterator[Identifier]:
    """Found names with the capitalised words beside them that can be further parts: `Senn Bud`, `Raf de Gruil`."""
    for found in persons:
        if found.kind is not Kind.PERSON or text[found.start : found.end].isupper():
            continue
        start, end = found.start, found.end
        if WORD.fullmatch(text, start, end) and (odd := _ODD_FAMILY.match(text, end)) and _odd(odd["word"]):
            end = odd.end("word")
        for _ in range(_MOST_WORDS):
            right = _WORD_RIGHT.match(text, end)
            first = right is not None and end == found.end and _single_given(text, found)
            if right is None or not _may_belong(text, right, after_given=first):
                break
            end = right.end("word")
        for _ in range(_MOST_WORDS):
            left = _WORD_LEFT.search(text, max(0, start - 40), start)
            if left is None or not _may_belong(text, left):
                break
            start = left.start("word")
        if (start, end) != (found.start, found.end):
            yield Identifier(Kind.PERSON, start, end, "widened", found.strength)


def _single_given(text: str, found: Identifier) -> bool:
    """Whether a found person is one word of small letters that no list of medicine has, or surely a given name."""
    shown = found.text(text)
    if WORD.fullmatch(text, found.start, found.end) is None or shown.lower() in NO_PERSONS:
        return False
    word = look_up(shown)
    return word.surely_given or not word.known


def _odd(shown: str) -> bool:
    """Whether an ordinary word can be the family name of the person before it: no role, and not of the clinic."""
    small = shown.lower()
    return not (shown.isupper() or small in TITLES or small in NO_PERSONS or small in _ROLES or is_clinical_word(shown))


def _may_belong(text: str, match: re.Match[str], *, after_given: bool = False) -> bool:
    """Whether a capitalised word beside a name can be part of it: a name of the table, or a word that none knows.

    `after_given`: a given name stands before it, so that an eponym can be a family name.
    """
    shown = match["word"]
    word = look_up(shown)
    if (
        shown.isupper()
        or shown.lower() in TITLES
        or (shown.lower() in NO_PERSONS and not (after_given and shown.lower() in EPONYMS))
        or is_clinical_word(shown)
        or is_eponym(text, match.end("word"))
    ):
        return False
    return word.given or word.family or not word.known

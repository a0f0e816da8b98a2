"""Names of conditions, symptoms, findings, drugs and tumours in a note: phrase matching driven by the vocabulary.

Labels and synonyms of the vocabulary are matched on spaCy tokens, folded so that British and American spelling,
plural and hyphens do not matter. An abbreviation in capitals of up to five letters matches by case only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from knowledge.facts import vocabulary
from tools.notes.document import Document, lexicon

PREFIXES = ("condition.", "symptom.", "finding.", "medication.", "allergy.", "family_history.", "biomarker.")
_SPELLING = (("ae", "e"), ("oe", "e"), ("our", "or"), ("isation", "ization"), ("ise", "ize"), ("yse", "yze"))
_ORGANS = frozenset({"colon", "rectum", "breast", "lung", "prostate", "pancreas", "thyroid", "bladder", "stomach"})
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z-]{4,}$")
_HAN = re.compile(r"[\u3400-\u9fff]")


class Term(NamedTuple):
    """A name found in the text. `name` is a fact, or `tumour.type=CODE`."""

    name: str
    start: int
    end: int


def fold(word: str) -> str:
    """A word without case, plural ending and the differences of British and American spelling."""
    folded = word.lower().replace("’", "'")
    for british, american in _SPELLING:
        folded = folded.replace(british, american)
    if len(folded) > 3 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        folded = folded[:-1]
    return folded


@lru_cache(maxsize=2)
def _language(language: str) -> Any:
    import spacy

    return spacy.blank(language)


def _make(nlp: Any, text: str) -> Any:
    doc = nlp.make_doc(text)
    for token in doc:
        token.norm_ = fold(token.text)
    return doc


@lru_cache(maxsize=2)
def _matchers(language: str) -> tuple[Any, Any, dict[str, list[str]]]:
    """Two matchers (any case, exact case) and, for each key, the facts that it stands for."""
    from spacy.matcher import PhraseMatcher

    nlp = _language(language)
    loose, exact = PhraseMatcher(nlp.vocab, attr="NORM"), PhraseMatcher(nlp.vocab, attr="ORTH")
    meanings: dict[str, list[str]] = {}
    for phrase, names in _phrases(language).items():
        meanings[phrase] = names
        for variant in {phrase, phrase.replace("-", " "), phrase.replace("-", "")}:
            doc = _make(nlp, variant)
            if len(doc):
                (exact if is_abbreviation(phrase) else loose).add(phrase, [doc])
    return loose, exact, meanings


def is_abbreviation(phrase: str) -> bool:
    """Whether a phrase is matched by case: capitals and digits only, at most five letters."""
    letters = [c for c in phrase if c.isalpha()]
    return bool(letters) and len(letters) <= 5 and all(c.isupper() for c in letters) and not _HAN.search(phrase)


def _of_the_organ(name: str) -> Iterator[str]:
    """`colon cancer` as carcinoma of the colon; nothing for names of more than two words."""
    organ, _, disease = name.partition(" ")
    if disease in ("cancer", "carcinoma", "adenocarcinoma") and organ.lower() in _ORGANS:
        kinds = ("cancer", "carcinoma") if disease == "cancer" else (disease,)
        yield from (f"{kind} of {the}{organ}" for kind in kinds for the in ("the ", ""))


@lru_cache(maxsize=2)
def _phrases(language: str) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    ignored = set(lexicon("terms").get("ignore", ()))

    def add(phrase: str, name: str) -> None:
        phrase = phrase.strip()
        wanted = bool(_HAN.search(phrase)) if language == "zh" else not _HAN.search(phrase)
        # Chinese notes give drugs by their international names, too.
        drug = name.startswith("medication.") and _LATIN_NAME.match(phrase) is not None
        if (wanted or drug or is_abbreviation(phrase)) and len(phrase) > 1 and phrase not in ignored:
            held = made.setdefault(phrase, [])
            if name not in held:
                held.append(name)

    for name, spec in vocabulary().items():
        prefix = name.split(".", 1)[0] + "."
        if prefix in PREFIXES and spec.kind == "boolean" and ".class_" not in name:
            label = spec.label.get(language, "")
            for phrase in ((label,) if prefix not in ("allergy.", "family_history.") else ()) + spec.synonyms:
                for written in (phrase, *(_of_the_organ(phrase) if prefix == "condition." else ())):
                    add(written, name)
                if prefix == "family_history." and phrase.endswith(" cancer"):
                    add(f"{phrase.removesuffix('cancer')}ca", name)  # `mother: ovarian ca at 59`
            if prefix == "medication.":
                add(spec.label.get("en", ""), name)
    types = vocabulary().get("tumour.type")
    for code, value in types.values.items() if types is not None else ():
        for phrase in (value.label.get(language, ""), *value.synonyms):
            for written in (phrase, *_of_the_organ(phrase)):
                add(written, f"tumour.type={code}")
    for name, by_language in lexicon("terms")["extra"].items():
        if name.split("=")[0] in vocabulary():
            for phrase in by_language.get(language, ()):
                add(phrase, name)
    return made


def terms_in(document: Document) -> Iterator[Term]:
    """Every name in the note; of overlapping ones the longest. One phrase may stand for several facts."""
    nlp = _language(document.language)
    loose, exact, meanings = _matchers(document.language)
    doc = _make(nlp, document.text)
    spans = [(doc[a:b], nlp.vocab.strings[key]) for matcher in (loose, exact) for key, a, b in matcher(doc)]
    spans = [(span, phrase) for span, phrase in spans if _whole(document.text, span.start_char, span.end_char)]
    spans.sort(key=lambda item: (-(item[0].end_char - item[0].start_char), item[0].start_char))
    taken: list[tuple[int, int, set[str]]] = []
    for span, phrase in spans:
        start, end = span.start_char, span.end_char
        inside = [t for t in taken if start < t[1] and t[0] < end]
        if any((t[0], t[1]) != (start, end) for t in inside):
            continue
        names = [n for n in meanings[phrase] if not any(n in t[2] for t in inside)]
        if names:
            taken.append((start, end, set(names)))
            for name in names:
                yield Term(name, start, end)


def _whole(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (re.match(r"[A-Za-z0-9]", before) and re.match(r"[A-Za-z0-9]", text[start])) and not (
        re.match(r"[A-Za-z0-9]", after) and re.match(r"[A-Za-z0-9]", text[end - 1])
    )

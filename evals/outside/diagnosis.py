"""Whether a statement names a diagnosis: by concepts and synonyms of the vocabulary, and by the words of its term."""

from __future__ import annotations

import re

from agent.verify.concepts import mentions
from agent.verify.text import negation, normalise

# Words that tell no disease from another.
_EMPTY = frozenset(
    {"the", "of", "with", "and", "due", "to", "a", "an", "in", "disease", "syndrome", "disorder", "primary", "type"}
    | {"acute", "chronic", "idiopathic", "likely", "secondary", "unspecified"}
)


def terms(diagnosis: str) -> list[str]:
    """The names under which a diagnosis is given: the whole, without what is in brackets, and what is in them."""
    bare = re.sub(r"\([^)]*\)", " ", diagnosis)
    inside = re.findall(r"\(([^)]*)\)", diagnosis)
    parts = [part for text in (bare, *inside) for part in re.split(r"\s+or\s+|/|;", text)]
    return [" ".join(part.split()) for part in parts if len(part.split()) > 0 and len(part.strip()) > 2]


def same_diagnosis(said: str, diagnosis: str) -> bool:
    """Whether `said` names the diagnosis as what is there, rather than as what is not."""
    text = normalise(said)
    return any(_named(text, term) for term in terms(diagnosis))


def _named(text: str, term: str) -> bool:
    wanted = {concept for mention in mentions(normalise(term)) for concept in mention.concepts}
    negated = negation(text)
    for mention in mentions(text):
        if wanted and mention.concepts & wanted and not negated.at(mention.start):
            return _words(term) <= _words(text) or len(_words(term)) <= len(_words(mention.text)) + 1
    return bool(own := _words(term)) and own <= _stated(text)


def _stated(text: str) -> set[str]:
    negated = negation(text)
    kept = "".join(" " if negated.at(place) else character for place, character in enumerate(text))
    return _words(kept)


def _words(text: str) -> set[str]:
    """Stems of the words that tell diseases apart."""
    from Stemmer import Stemmer  # type: ignore[import-not-found]

    words = re.findall(r"[a-z0-9]+", text.lower().replace("'s", ""))
    stem = Stemmer("english").stemWord
    return {stem(word) for word in words if word not in _EMPTY}

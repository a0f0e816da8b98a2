"""Other names for what a query mentions: drugs by INN and brand, genes, diseases; and Chinese queries in English.

The embedding model reads English, so a Chinese query is put into English key words first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from knowledge.facts import vocabulary
from knowledge.store.lexical import tokens
from knowledge.yamlfile import load_yaml

_PREFIXES = ("medication.", "condition.", "biomarker.", "germline.", "test.", "procedure.", "therapy.", "symptom.")
_CODE_FACTS = ("tumour.type", "tumour.histology")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[-+.][A-Za-z0-9]+)*")
_LATIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.*:+-]*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LONGEST = 5
_MOST = 8


def _groups() -> Iterator[tuple[str, ...]]:
    for name, spec in vocabulary().items():
        if name.startswith(_PREFIXES) and spec.kind == "boolean":
            yield (*spec.label.values(), *spec.synonyms)
        elif name in _CODE_FACTS:
            yield from ((*value.label.values(), *value.synonyms) for value in spec.values.values())


@lru_cache(maxsize=1)
def _index() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], frozenset[str]]:
    """Names by lower case, Chinese names, and the short names that count only in capitals."""
    by_name: dict[str, tuple[str, ...]] = {}
    chinese: dict[str, tuple[str, ...]] = {}
    short: set[str] = set()
    for names in _groups():
        group = tuple(dict.fromkeys(names))
        for name in group:
            if _HAN.search(name):
                chinese.setdefault(name, group)
            else:
                by_name.setdefault(" ".join(_WORD.findall(name.lower())), group)
                if len(name) <= 3:
                    short.add(name.lower())
    return by_name, chinese, frozenset(short)


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[str, str], int]:
    """Chinese words and their English, and the length of the longest."""
    words: dict[str, str] = {}
    for spec in vocabulary().values():
        pairs = [spec.label, *(value.label for value in spec.values.values())]
        words.update({label["zh"]: label["en"] for label in pairs if "zh" in label and "en" in label})
    words.update(load_yaml(Path(__file__).with_name("terms.zh.yaml")))
    words = {word: english for word, english in words.items() if len(word) > 1 and _HAN.search(word)}
    return words, max(map(len, words))


def english(query: str) -> str:
    """A query in Chinese as English key words, word by word; any other query as it is."""
    if not _HAN.search(query):
        return query
    words, longest = _dictionary()
    found: list[str] = []
    at = 0
    while at < len(query):
        for length in range(min(longest, len(query) - at), 1, -1):
            if query[at : at + length] in words:
                found.append(words[query[at : at + length]])
                at += length
                break
        else:
            latin = _LATIN.match(query, at)
            found.extend([latin[0]] if latin else [])
            at = latin.end() if latin else at + 1
    return " ".join(dict.fromkeys(found)) or query


@lru_cache(maxsize=1)
def _abbreviations() -> tuple[re.Pattern[str], dict[str, str]]:
    words: dict[str, str] = load_yaml(Path(__file__).with_name("abbreviations.yaml"))
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})s?(?![\w-])"), words


def spelled_out(query: str) -> str:
    """The query with its abbreviations followed by what they stand for, unless the query says that already."""
    pattern, words = _abbreviations()
    lower = query.lower()

    def put(found: re.Match[str]) -> str:
        meaning = words[found[1]]
        return found[0] if meaning.lower() in lower else f"{found[0]} {meaning}"

    return pattern.sub(put, query)


def expansions(query: str) -> list[str]:
    """Other names of the drugs, genes, tests and diseases that `query` names, without those it has already."""
    by_name, chinese, short = _index()
    words = _WORD.findall(query)
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            given = " ".join(words[at : at + length])
            group = by_name.get(given.lower())
            if group is not None and not (given.lower() in short and not given.isupper()):
                found.extend(group[:_MOST])
                at += length - 1
                break
        at += 1
    for name, group in chinese.items():
        if name in query:
            found.extend(group[:_MOST])
    lower = query.lower()
    return [name for name in dict.fromkeys(found) if name.lower() not in lower]


class _Intent(NamedTuple):
    """A pattern over the question, words of its answers, and the kind of passage that answers it."""

    asks: re.Pattern[str]
    words: tuple[str, ...]
    kind: str | None


@lru_cache(maxsize=1)
def _intents() -> tuple[_Intent, ...]:
    rows = load_yaml(Path(__file__).with_name("intents.yaml"))
    return tuple(_Intent(re.compile(row["asks"]), tuple(row["words"].split()), row.get("kind")) for row in rows)


def answer_words(query: str) -> list[str]:
    """Words that an answer to this kind of question uses (treatment, cause, how often, …)."""
    lower = query.lower()
    return list(dict.fromkeys(word for row in _intents() if row.asks.search(lower) for word in row.words))


def asked_kinds(query: str) -> list[str]:
    """The kinds of passage (`kinds.py`) that answer the question; a definition only where nothing else is asked."""
    lower = query.lower()
    found = list(dict.fromkeys(row.kind for row in _intents() if row.kind and row.asks.search(lower)))
    return [kind for kind in found if kind != "definition"] or found


@lru_cache(maxsize=1)
def _question_terms() -> frozenset[str]:
    """Index terms that say what is asked for and not about what."""
    patterns = (re.sub(r"[^a-z]+", " ", row.asks.pattern) for row in _intents())
    return frozenset(
        term for row, asks in zip(_intents(), patterns, strict=True) for term in tokens(f"{asks} {' '.join(row.words)}")
    )


def subject_terms(terms: Iterable[str]) -> list[str]:
    """The terms of a question that say what it is about; all of them if none does."""
    every = list(dict.fromkeys(terms))
    return [term for term in every if term not in _question_terms()] or every

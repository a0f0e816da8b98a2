"""Statements about the tumour and its treatment that stand in set phrases (`lexicon/oncology.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from knowledge.facts import FactValue, vocabulary
from tools.notes.context import is_awaited
from tools.notes.document import Document, lexicon
from tools.notes.tumour_context import Said, about_tumour, denial, is_planned, is_uncertain, said


class Statement(NamedTuple):
    """How notes say one value of one fact. `when` must stand somewhere in the note; `done` refuses what is planned;
    `denial_wins`: one denial in the note outweighs every statement."""

    name: str
    value: FactValue
    states: tuple[re.Pattern[str], ...]
    denies: tuple[re.Pattern[str], ...]
    when: re.Pattern[str] | None
    done: bool
    deniable: bool
    denial_wins: bool


@lru_cache(maxsize=1)
def statements() -> tuple[Statement, ...]:
    """Every statement of the lexicon. A key may be `fact` or `fact=value`."""
    made = []
    for key, given in lexicon("oncology").items():
        name, _, value = key.partition("=")
        made.append(
            Statement(
                name=name,
                value=_value(name, value),
                states=_compiled(given.get("states", ())),
                denies=_compiled(given.get("denies", ())),
                when=re.compile(given["when"], re.I) if "when" in given else None,
                done=bool(given.get("done")),
                deniable=given.get("deniable", True),
                denial_wins=bool(given.get("denial_wins")),
            )
        )
    return tuple(made)


def _value(name: str, written: str) -> FactValue:
    kind = vocabulary()[name].kind
    if kind == "boolean":
        return True
    return int(written) if kind == "integer" else written


def _compiled(patterns: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_bounded(p), re.I | re.A) for p in patterns)


def _bounded(pattern: str) -> str:
    """A pattern that begins and ends with a letter matches whole words only."""
    return rf"(?:(?<![A-Za-z0-9])|(?=[^\x00-\x7f]))(?:{pattern})(?!(?<=[A-Za-z0-9])[A-Za-z0-9])"


def statement_facts(document: Document) -> Iterator[Said]:
    """Every statement of the lexicon that the note makes of the patient."""
    if not about_tumour(document.text):
        return
    response = _latest_response(document)
    for statement in statements():
        if statement.when is None or statement.when.search(document.text):
            for made in _of(document, statement):
                if made.hit.fact.name != "tumour.progressing" or made.hit.start >= response:
                    yield made
    for match in _RESPONSE.finditer(document.text, response) if response else ():
        told = said(document, "tumour.progressing", False, match.start(), match.end())
        if told is not None:
            yield told


# A response or a stable state that a sentence beginning with imaging tells of.
_RESPONSE = re.compile(
    r"(?:^|(?<=[.;\n])) *[-•]? *(?:Re-?staging +)?(?:CT|MRI|PET|Imaging|Scans?)\b[^.;:\n]{0,40}: *(?:\w+ ){0,2}?"
    r"(?P<r>(?-i:PR|CR|SD)\b|stable disease|partial (?:response|remission)|"
    r"complete (?:metabolic )?(?:response|remission))",
    re.I | re.M,
)


def _latest_response(document: Document) -> int:
    """Where the note tells of a response on imaging after which no progression follows; 0 where it does not."""
    found = [match.start() for match in _RESPONSE.finditer(document.text)]
    progress = next(s for s in statements() if s.name == "tumour.progressing")
    if not found:
        return 0
    later = (m.start() for p in progress.states for m in p.finditer(document.text, found[-1]))
    known = any(not is_planned(document, at, at) and not is_uncertain(document, at, at) for at in later)
    return 0 if known else found[-1]


def _of(document: Document, statement: Statement) -> Iterator[Said]:
    refused = []
    is_test = statement.name.startswith("test.")
    for pattern in statement.denies:
        for match in pattern.finditer(document.text):
            refused.append(match.span())
            if statement.value is True:
                yield from _made(document, statement, False, match.start(), match.end())
    for pattern in () if refused and statement.denial_wins else statement.states:
        for match in pattern.finditer(document.text):
            start, end = match.span()
            if any(a < end and start < b for a, b in refused):
                continue
            if is_test and is_awaited(document, document.sentence_at(start)):
                continue
            denied = denial(document, start, end)
            if denied is not None and re.match(r"(?:no|without|not|无|未)", match[0], re.I):
                denied = None
            if denied is None:
                yield from _made(document, statement, statement.value, start, end)
            elif statement.deniable and statement.value is True:
                yield from _made(document, statement, False, *denied)


def _made(document: Document, statement: Statement, value: FactValue, start: int, end: int) -> Iterator[Said]:
    if statement.done and is_planned(document, start, end):
        return
    made = said(document, statement.name, value, start, end)
    if made is not None:
        yield made

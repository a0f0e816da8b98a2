"""A sentence that nearly repeats a claim is compared with it word by word.

A bag of numbers and names cannot tell that "8 mm" became "14 mm" when the patient's own 14 mm is cited too, nor that
two drugs changed places. Aligning the sentence with the claim can.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agent.draft import Problem
from agent.verify.checks import Context
from agent.verify.concepts import mentions
from agent.verify.names import names
from agent.verify.quantities import Quantity, same_kind, supports
from agent.verify.reading import Reading, read
from agent.verify.text import CJK, lexicon, lexicon_pattern, phrase_pattern
from tools.evidence import Evidence, NoteSpan

# A sentence is a near copy if it shares at least this part of its own or the claim's words, in order.
NEAR_COPY = 0.6
# The whole sentence is the claim: another number of negations is then an error.
WHOLE_COPY = 0.85
FEWEST_TOKENS = 5
# A copied claim makes up at least this part of the sentence.
LEAST_OF_SENTENCE = 0.3
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)*|[A-Za-z][A-Za-z'-]*|[{CJK}]|[<>≤≥*]")


@dataclass(frozen=True)
class _Segment:
    """Part of a text between two tokens."""

    reading: Reading
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.reading.text[self.start : self.end]

    @property
    def quantities(self) -> list[Quantity]:
        return [q for q in self.reading.quantities if self.start <= q.start < self.end]


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[tuple[str, int, int], ...]:
    return tuple((m[0].lower(), m.start(), m.end()) for m in _TOKEN.finditer(text))


@dataclass(frozen=True)
class _Alignment:
    """The sentence beside one text of its evidence, token by token."""

    claim: Reading
    own: tuple[tuple[str, int, int], ...]
    theirs: tuple[tuple[str, int, int], ...]
    opcodes: tuple[tuple[str, int, int, int, int], ...]
    matched: int

    @property
    def is_copy(self) -> bool:
        shorter = min(len(self.own), len(self.theirs))
        return (
            shorter >= FEWEST_TOKENS
            and self.matched >= NEAR_COPY * shorter
            and self.matched >= LEAST_OF_SENTENCE * len(self.own)
        )

    @property
    def same(self) -> frozenset[int]:
        """Places of the sentence's tokens that stand in the claim."""
        return frozenset(self.own[j][1] for tag, _, _, j1, j2 in self.opcodes if tag == "equal" for j in range(j1, j2))


def altered_copies(context: Context) -> Iterator[Problem]:
    """What a near copy of a cited claim or quote changed: a number, a side, a name, a negation, a word's direction."""
    if context.statement.kind == "question":
        return
    texts = (text for item in context.cited for text in _texts(item))
    copies = [a for a in (_align(context.reading, read(text)) for text in texts) if a.is_copy]
    for copy in copies:
        elsewhere = frozenset().union(*(other.same for other in copies if other is not copy))
        yield from _compare(context, copy, elsewhere)


def _texts(item: Evidence) -> Iterator[str]:
    yield item.claim
    if isinstance(item.locator, NoteSpan):
        yield item.locator.quote


def _align(sentence: Reading, claim: Reading) -> _Alignment:
    own, theirs = _tokens(sentence.text), _tokens(claim.text)
    matcher = difflib.SequenceMatcher(None, [t[0] for t in theirs], [t[0] for t in own], autojunk=False)
    matched = sum(block.size for block in matcher.get_matching_blocks())
    return _Alignment(claim, own, theirs, tuple(matcher.get_opcodes()), matched)


def _compare(context: Context, copy: _Alignment, elsewhere: frozenset[int]) -> Iterator[Problem]:
    """`elsewhere`: places of the sentence that another copied text explains."""
    own, theirs = copy.own, copy.theirs
    for tag, i1, i2, j1, j2 in copy.opcodes:
        if tag == "replace" and not all(own[j][1] in elsewhere for j in range(j1, j2)):
            was = _Segment(copy.claim, theirs[i1][1], theirs[i2 - 1][2])
            now = _Segment(context.reading, own[j1][1], own[j2 - 1][2])
            yield from _replaced(context, was, now)
            wider = [
                _Segment(r, t[max(0, a - 1)][1], t[min(len(t), b + 1) - 1][2])
                for r, t, a, b in ((copy.claim, theirs, i1, i2), (context.reading, own, j1, j2))
            ]
            yield from _turned(context, *wider)
    whole = copy.matched >= WHOLE_COPY * max(len(own), len(theirs))
    if whole and _cues(context.reading.text) != _cues(copy.claim.text):
        yield context.problem("negation", "negation_copy")


def _replaced(context: Context, was: _Segment, now: _Segment) -> Iterator[Problem]:
    for shown in now.quantities if was.quantities else ():
        facts = [q for q in context.support.quantities if q.fact is not None]
        if not any(same_kind(q, shown) for q in was.quantities):
            continue
        same_fact = any(supports(f, shown) and supports(f, q) for f in facts for q in was.quantities)
        if not same_fact and not any(supports(q, shown) or supports(shown, q) for q in was.quantities):
            yield context.problem("number", "number_copy", text=shown.text, other=was.text)
    for code, old, new in _named(was, now):
        if old and new and not old & new:
            yield context.problem(code, text=now.text)


def _turned(context: Context, was: _Segment, now: _Segment) -> Iterator[Problem]:
    for pair in lexicon()["opposites"]:
        sides = [[bool(phrase_pattern(tuple(words)).search(part.text)) for words in pair] for part in (was, now)]
        if sides in ([[True, False], [False, True]], [[False, True], [True, False]]):
            yield context.problem("contradiction", "contradiction_copy", text=now.text, other=was.text)


def _named(was: _Segment, now: _Segment) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    old, new = names(was.text), names(now.text)
    yield "side", old.sides, new.sides
    yield "gene", old.genes, new.genes
    yield "variant", old.variants, new.variants
    for code, heads in (("drug", ("medication.",)), ("condition", ("condition.", "symptom."))):
        yield code, _concepts(was.text, heads), _concepts(now.text, heads)


def _concepts(text: str, heads: tuple[str, ...]) -> frozenset[str]:
    return frozenset(c for m in mentions(text) for c in m.concepts if c.startswith(heads))


def _cues(text: str) -> int:
    masked = lexicon_pattern("negation", "ignored").sub(" ", text)
    cues = (lexicon_pattern("negation", kind) for kind in ("forward", "whole"))
    return sum(len(pattern.findall(masked)) for pattern in cues)

"""Whether a sentence cites the evidence that it is about: shared words weighted by how rare they are in the ledger."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent.draft import Problem
from agent.verify.checks import Context
from agent.verify.quantities import any_supports
from agent.verify.reading import Reading, Support, support, support_of
from agent.verify.text import CJK, content_words
from tools.evidence import Calculation, Evidence

# Share of a sentence's content (weighted) that the cited evidence has to hold, by kind of statement.
LEAST_SHARED = {"finding": 0.5, "recommendation": 0.5, "inference": 0.15, "question": 0.0}
# With a number, a name or a concept in common, this part of it is enough.
ANCHORED = 0.4
# A single piece of evidence shares at least this much, or a number, a gene or another concept.
LEAST_EACH = 0.12
# Evidence that is not cited may not fit better than the cited evidence by more than this.
# A sentence of which this share is the claim of its evidence, word for word, is about that evidence.
LEAST_VERBATIM = 0.5
BETTER_BY = 0.25
# What a number, a gene or a variant weighs beside words.
NAME_WEIGHT = 1.5
_HAN = re.compile(f"[{CJK}]")


@dataclass(frozen=True)
class Rarity:
    """Weight of a word: the logarithm of how few pieces of evidence have it."""

    documents: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, ledger: Mapping[str, Evidence]) -> Rarity:
        """Count in how many pieces of evidence each word stands."""
        counts: dict[str, int] = {}
        total = 0
        for name, item in ledger.items():
            total += 1
            for word in support_of(name, item).words:
                counts[word] = counts.get(word, 0) + 1
        return cls(total, counts)

    def weight(self, word: str) -> float:
        """At least 0.2, so that no word is worth nothing."""
        return 0.2 + math.log((1 + self.documents) / (1 + self.counts.get(word, 0)))

    def shared(self, reading: Reading, held: Support) -> float:
        """Weighted share, 0 to 1, of what `reading` says that stands in `held`; 1 where it says nothing.

        Words count by their rarity; numbers, genes and variants count as rare words. The words of a mention whose
        concept the evidence has count as found, whatever they are called there.
        """
        found = {word for word in reading.words if word in held.words}
        for mention, _ in reading.mentions:
            if mention.concepts & held.concepts.keys():
                found.update(word for word, _ in content_words(mention.text))
        total = sum(self.weight(word) for word in reading.words)
        got = sum(self.weight(word) for word in reading.words if word in found)
        named = reading.names.genes | reading.names.variants
        checks = [name in held.genes or name in held.variants for name in named]
        checks += [any_supports(held.quantities, q) for q in reading.quantities if q.unit or q.decimals]
        total += NAME_WEIGHT * len(checks)
        got += NAME_WEIGHT * sum(checks)
        return got / total if total else 1.0


def citation(context: Context, rarity: Rarity, related: frozenset[str]) -> Iterator[Problem]:
    """The cited evidence is about what the sentence says, each piece of it, and nothing else fits much better."""
    kind = context.statement.kind
    if kind == "question" or not context.cited:
        return
    foreign = not any(same_script(context.reading, support([item])) for item in context.cited)
    share = rarity.shared(context.reading, context.support)
    if _verbatim(context):
        share = 1.0
    elif foreign:
        if not anchored(context.reading, context.support):
            yield context.problem("citation_language")
        return
    least = LEAST_SHARED[kind] * (ANCHORED if anchored(context.reading, context.support) else 1.0)
    if share < least:
        yield context.problem("citation")
        return
    better = _better(context, rarity, share)
    if better is not None:
        yield context.problem("citation", "citation_other", text=better)
    elif context.strict and len(context.cited) > 1:
        for item in context.cited:
            if item.id not in related and not _belongs(context.reading, item, rarity):
                yield context.problem("citation", "citation_each", text=item.id)


def _verbatim(context: Context) -> bool:
    """Whether most of the sentence is the claim of cited evidence, word for word."""
    text = context.statement.text
    claims = (item.claim.strip().rstrip(".。") for item in context.cited)
    return any(len(claim) >= LEAST_VERBATIM * len(text) and claim in text for claim in claims)


def _better(context: Context, rarity: Rarity, share: float) -> str | None:
    if share > 1 - BETTER_BY or context.statement.kind == "inference":
        return None
    others = (
        (rarity.shared(context.reading, support_of(name, item)), name)
        for name, item in context.ledger.items()
        if name not in context.statement.evidence
    )
    best, name = max(others, default=(0.0, ""))
    return name if best > share + BETTER_BY else None


def same_script(reading: Reading, held: Support) -> bool:
    """Whether the sentence and the first text of the evidence are both Chinese or both not."""
    return bool(_HAN.search(reading.text)) == bool(_HAN.search(held.texts[0].text))


def anchored(reading: Reading, held: Support) -> bool:
    """Whether the sentence and the evidence share a number with a unit, a name, or a concept."""
    numbers = any(any_supports(held.quantities, q) for q in reading.quantities if q.unit or q.decimals)
    named = (reading.names.genes & held.genes) or (reading.names.variants & held.variants)
    concepts = any(mention.concepts & held.concepts.keys() for mention, _ in reading.mentions)
    return bool(numbers or named or concepts)


def _belongs(reading: Reading, item: Evidence, rarity: Rarity) -> bool:
    held = support([item])
    return anchored(reading, held) or rarity.shared(reading, held) >= LEAST_EACH


def inputs_of(cited: Iterable[Evidence]) -> frozenset[str]:
    """Ids that the cited calculations took as input."""
    return frozenset(i for item in cited if isinstance(item.locator, Calculation) for i in item.locator.inputs)

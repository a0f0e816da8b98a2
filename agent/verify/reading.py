"""What a sentence says and what a piece of evidence supports, in the same terms, so that they can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agent.verify.concepts import Mention, broader, mentions
from agent.verify.names import Names, names
from agent.verify.quantities import Quantity, quantities
from agent.verify.text import Negation, content_words, lexicon, lexicon_pattern, negation, normalise, phrase_pattern
from knowledge.facts import Fact
from knowledge.recommendations import recommendations
from tools.evidence import Calculation, DocumentPassage, Evidence, NoteSpan, StructureSite, TableRow, VcfRecord

_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|「([^」]+)」|『([^』]+)』|«([^»]+)»")


@dataclass(frozen=True)
class Reading:
    """What one text says. `polarity` gives for each concept and content word whether it is stated (True),
    negated (False), or both."""

    text: str
    names: Names
    quantities: tuple[Quantity, ...]
    mentions: tuple[tuple[Mention, bool], ...]
    words: dict[str, frozenset[bool]]
    opposites: tuple[frozenset[int], ...]
    quotes: tuple[str, ...]
    family: bool
    negated: Negation

    def named(self, *, negated: bool) -> frozenset[str]:
        """Genes and variants in the negated, or in the other, part of the text."""
        return _named(self.text, self.negated, negated)


@lru_cache(maxsize=4096)
def read(raw: str) -> Reading:
    """Read one sentence or claim."""
    text = normalise(raw)
    negated = negation(text)
    named = names(text)
    words: dict[str, set[bool]] = {}
    for word, at in content_words(text):
        words.setdefault(word, set()).add(not negated.at(at))
    return Reading(
        text=text,
        names=named,
        quantities=tuple(quantities(named.rest)),
        mentions=tuple((mention, not negated.at(mention.start)) for mention in mentions(_without_organisations(text))),
        words={word: frozenset(found) for word, found in words.items()},
        opposites=_opposites(text),
        quotes=tuple(next(g for g in m.groups() if g) for m in _QUOTED.finditer(raw)),
        family=bool(lexicon_pattern("family").search(text)),
        negated=negated,
    )


def _without_organisations(text: str) -> str:
    """The text with the names of those who issue guidelines blanked: no cancer is spoken of by its society."""
    return _organisations().sub(lambda match: " " * len(match[0]), text)


@lru_cache(maxsize=1)
def _organisations() -> re.Pattern[str]:
    found = recommendations().guidelines.values()
    return phrase_pattern(tuple(sorted({normalise(name) for item in found for name in item.organisation.values()})))


@lru_cache(maxsize=4096)
def _named(text: str, ranges: Negation, negated: bool) -> frozenset[str]:
    kept = "".join(c if ranges.at(i) == negated else " " for i, c in enumerate(text))
    found = names(kept)
    return found.genes | found.variants


# A field answered with no: `HER2阳性：无`.
_ANSWERED_NO = re.compile(r"阳性\s*[:：]\s*无")


def _opposites(text: str) -> tuple[frozenset[int], ...]:
    """For each pair of opposites in the lexicon, which of its two sides the text has words of."""
    text = _ANSWERED_NO.sub("阴性", text)
    return tuple(
        frozenset(side for side, words in enumerate(pair) if phrase_pattern(tuple(words)).search(text))
        for pair in lexicon()["opposites"]
    )


@dataclass(frozen=True)
class Support:
    """What some pieces of evidence support together."""

    texts: tuple[Reading, ...]
    quantities: tuple[Quantity, ...]
    concepts: dict[str, frozenset[bool]]
    genes: frozenset[str]
    variants: frozenset[str]
    sides: frozenset[str]
    sites: frozenset[str]
    dates: frozenset[str]
    stages: frozenset[str]
    identifiers: frozenset[str]
    words: dict[str, frozenset[bool]]
    opposites: tuple[frozenset[int], ...]

    def holds(self, name: str, *, exact_case: bool = False) -> bool:
        """Whether `name` stands in a text as it is, as a whole word."""
        flags = 0 if exact_case else re.IGNORECASE
        edge, end = (
            (r"(?<![A-Za-z0-9])" if name[:1].isascii() else ""),
            (r"(?![A-Za-z0-9])" if name[-1:].isascii() else ""),
        )
        pattern = re.compile(edge + re.escape(name) + end, flags)
        return any(pattern.search(reading.text) for reading in self.texts)


def support(evidence: Iterable[Evidence]) -> Support:
    """What all of `evidence` supports together."""
    parts = [support_of(item.id, item) for item in evidence]
    return parts[0] if len(parts) == 1 else _merge(parts)


_KEPT: dict[str, Support] = {}


def support_of(key: str, item: Evidence) -> Support:
    """What one piece of evidence supports; `key` is its id, which costs a hash to work out."""
    if key not in _KEPT:
        if len(_KEPT) > 5000:
            _KEPT.clear()
        _KEPT[key] = _one(item)
    return _KEPT[key]


def _one(item: Evidence) -> Support:
    claim = read(item.claim)
    quote = [read(item.locator.quote)] if isinstance(item.locator, NoteSpan) else []
    # A note's quote may hold more than the claim draws from it; the claim decides about negation.
    labels = [read(text) for text in (*_fact_texts(item.facts), *_place_texts(item))]
    texts = (claim, *quote, *labels)
    concepts: dict[str, set[bool]] = {}
    for reading in (claim, *quote):
        for mention, stated in reading.mentions:
            for concept in mention.concepts:
                concepts.setdefault(concept, set()).add(stated)
    for fact in item.facts:
        _add_fact(fact, concepts)
    words: dict[str, set[bool]] = {}
    for reading in (claim, *quote):
        for word, found in reading.words.items():
            words.setdefault(word, set()).update(found)
    for reading in labels:
        for word in reading.words:
            words.setdefault(word, {True, False})
    gathered = [reading.names for reading in texts]
    return Support(
        texts=texts,
        quantities=tuple(q for r in texts for q in r.quantities) + tuple(_fact_quantities(item.facts)),
        concepts={k: frozenset(v) for k, v in concepts.items()},
        genes=_union(n.genes for n in gathered),
        variants=_union(n.variants for n in gathered),
        sides=_union(n.sides for n in gathered),
        sites=_union(n.sites for n in gathered),
        dates=_union(n.dates for n in gathered) | frozenset(f.at.isoformat()[:10] for f in item.facts if f.at),
        stages=_union(n.stages for n in gathered),
        identifiers=_union(n.identifiers for n in gathered),
        words={k: frozenset(v) for k, v in words.items()},
        opposites=tuple(_union(pair) for pair in zip(claim.opposites, *(q.opposites for q in quote), strict=True)),
    )


def _union(parts: Iterable[frozenset[object]]) -> frozenset:  # type: ignore[type-arg]
    return frozenset().union(*parts)


def _merge(parts: list[Support]) -> Support:
    def joined(field: str) -> dict[str, frozenset[bool]]:
        made: dict[str, frozenset[bool]] = {}
        for part in parts:
            for key, found in getattr(part, field).items():
                made[key] = made.get(key, frozenset()) | found
        return made

    pairs = len(lexicon()["opposites"])
    return Support(
        texts=tuple(t for p in parts for t in p.texts),
        quantities=tuple(q for p in parts for q in p.quantities),
        concepts=joined("concepts"),
        genes=_union(p.genes for p in parts),
        variants=_union(p.variants for p in parts),
        sides=_union(p.sides for p in parts),
        sites=_union(p.sites for p in parts),
        dates=_union(p.dates for p in parts),
        stages=_union(p.stages for p in parts),
        identifiers=_union(p.identifiers for p in parts),
        words=joined("words"),
        opposites=tuple(_union(p.opposites[i] for p in parts) for i in range(pairs)),
    )


def _add_fact(fact: Fact, concepts: dict[str, set[bool]]) -> None:
    if fact.spec.kind in ("quantity", "integer"):
        concepts.setdefault(fact.name, set()).add(True)
    elif isinstance(fact.value, bool):
        concepts.setdefault(fact.name, set()).add(fact.value)
    elif fact.spec.kind == "code":
        for code in broader(f"{fact.name}={fact.value}"):
            concepts.setdefault(code, set()).add(True)
    elif fact.spec.kind == "text":
        for mention in mentions(normalise(str(fact.value))):
            for concept in mention.concepts:
                concepts.setdefault(concept, set()).add(True)


def _fact_quantities(facts: Iterable[Fact]) -> Iterable[Quantity]:
    for fact in facts:
        if isinstance(fact.value, int | float) and not isinstance(fact.value, bool):
            mass = fact.spec.molar_mass_g_per_mol
            yield Quantity(float(fact.value), 12, fact.unit, "", -1, -1, mass, fact.name)


def _fact_texts(facts: Iterable[Fact]) -> Iterable[str]:
    for fact in facts:
        yield from fact.spec.label.values()
        head, _, tail = fact.name.partition(".")
        if head in ("biomarker", "germline", "phenotype", "hla"):
            yield tail.replace(".", " ").replace("_", " ")
        if fact.spec.kind == "text":
            yield str(fact.value)
        elif fact.spec.kind == "code":
            value = fact.spec.values[str(fact.value)]
            yield from (str(fact.value).replace("_", " "), *value.label.values())


def _place_texts(item: Evidence) -> Iterable[str]:
    """Names by which a sentence may refer to where the evidence stands."""
    match item.locator:
        case DocumentPassage() as place:
            yield from (place.document, place.section)
        case TableRow() as place:
            yield from (place.table, f"{place.table} release {place.release}", place.record)
        case Calculation() as place:
            yield place.model.replace("_", " ")
        case VcfRecord() as place:
            yield f"{place.chromosome.removeprefix('chr')}:{place.position} {place.ref}>{place.alt} {place.assembly}"
        case StructureSite() as place:
            yield f"{place.chain} {place.residue}"
    named = item.fact("rec.id")
    store = recommendations()
    if named is not None and (known := store.by_id.get(str(named.value))) is not None:
        yield from store.guideline_of(known).organisation.values()
    if item.provenance.data_release:
        yield item.provenance.data_release

"""The checks on one statement. Each takes what the sentence says and what its evidence supports and gives the
problems it finds. None uses a model."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.draft import Problem, Statement
from agent.verify.concepts import Mention, broader, group_of
from agent.verify.quantities import Quantity, any_supports, same_kind, same_number, supports
from agent.verify.reading import Reading, Support, support
from agent.verify.text import clauses, lexicon, lexicon_pattern, phrase_pattern
from knowledge.facts import vocabulary
from prompts.loader import fill, phrases
from tools.case import Case
from tools.evidence import Evidence, NoteSpan

# Inferences and questions may name a diagnosis or a test that no evidence names; findings and recommendations may not.
_STRICT = frozenset({"finding", "recommendation"})
_CHECKED_GROUPS = frozenset({"drug", "condition", "allergy", "test", "measure", "code", "marker"})
_BETWEEN = re.compile(r"^\s*(?:x|×|by|/|-|to|至|到|~)\s*$", re.IGNORECASE)
# At most so many characters between a fact's name and its number.
MAX_LABEL_GAP = 30
MAX_DOSE_GAP = 3
_EXCHANGE = re.compile(r"\b(?:replace|switch|change)\b[^,;.]*?\b(?P<to>to|with|by)\b", re.IGNORECASE)
_TIMES = frozenset({None, "1", "a", "mo", "wk", "d", "h", "min", "s"})
_GRADE = re.compile(r"(?P<what>strength|certainty|推荐强度|证据等级)\s*:\s*(?P<grade>[^;,()]+)")


@dataclass(frozen=True)
class Context:
    """One statement with what it says, the evidence that it cites, and everything else there is."""

    statement: Statement
    reading: Reading
    cited: tuple[Evidence, ...]
    support: Support
    ledger: Mapping[str, Evidence]
    case: Case
    language: str

    @property
    def strict(self) -> bool:
        """Whether everything that the sentence names has to stand in its evidence."""
        return self.statement.kind in _STRICT

    def problem(self, code: str, key: str | None = None, **values: Any) -> Problem:
        """A problem in the language of the draft."""
        texts = phrases("verify", self.language)
        return Problem(code=code, message=fill(texts["problems"][key or code], **values))


Check = Callable[[Context], Iterable[Problem]]


def numbers(context: Context) -> Iterator[Problem]:
    """Every number stands in the evidence with its unit, exactly or correctly rounded."""
    sources = context.support.quantities
    closure = _closure(context.support)
    spans = [(m.start, m.start + len(m.text)) for m, _ in context.reading.mentions if m.concepts & closure.keys()]
    for shown in context.reading.quantities:
        if any(low <= shown.start < high for low, high in spans):
            continue
        if any_supports(sources, shown) or _age_without_unit(shown.unit, context, shown):
            continue
        if any(same_number(source, shown) for source in sources):
            yield context.problem("unit", text=shown.text)
        else:
            yield context.problem("number", text=shown.text)


def _age_without_unit(unit: str | None, context: Context, shown: Any) -> bool:
    if unit is not None:
        return False
    ages = (q for q in context.support.quantities if q.fact == "patient.age" or q.unit == "a")
    return any(same_number(age, shown) for age in ages)


def sides(context: Context) -> Iterator[Problem]:
    """Left, right, bilateral, and the part of the lung or organ."""
    held = context.support.sides
    if "bilateral" in held:
        held = held | {"left", "right"}
    if {"left", "right"} <= held:
        held = held | {"bilateral"}
    texts = phrases("verify", context.language)["words"]
    for side in sorted(context.reading.names.sides - held):
        yield context.problem("side", text=texts.get(side, side))
    for site in sorted(context.reading.names.sites - context.support.sites):
        yield context.problem("site", text=texts.get(site, site))


def symbols(context: Context) -> Iterator[Problem]:
    """Genes, variants, stages, dates and other names with digits."""
    said, held = context.reading.names, context.support
    for gene in sorted(said.genes - held.genes):
        if not held.holds(gene, exact_case=True):
            yield context.problem("gene", text=gene)
    for variant in sorted(said.variants - held.variants):
        if not _covered_variant(variant, held):
            yield context.problem("variant", text=variant)
    for stage in sorted(said.stages - held.stages):
        if not any(stage == concept.partition("=")[2] for concept in _closure(held)):
            yield context.problem("stage", text=stage)
    for date in sorted(said.dates):
        if not any(known.startswith(date) for known in held.dates):
            yield context.problem("date", text=date)
    for identifier in sorted(said.identifiers - held.identifiers):
        if not held.holds(identifier) and not _in_supported_mention(identifier, context):
            yield context.problem("identifier", text=identifier)


def _covered_variant(variant: str, held: Support) -> bool:
    """A deletion or skipping event may stand in the evidence as part of a longer name."""
    return any(variant in other for other in held.variants if len(variant) > 3)


def _in_supported_mention(identifier: str, context: Context) -> bool:
    closure = _closure(context.support)
    found = (m for m, _ in context.reading.mentions if identifier in m.text.casefold())
    return any(m.concepts & closure.keys() for m in found)


def _closure(held: Support) -> dict[str, frozenset[bool]]:
    return _closed(frozenset(held.concepts.items()))


@lru_cache(maxsize=2048)
def _closed(items: frozenset[tuple[str, frozenset[bool]]]) -> dict[str, frozenset[bool]]:
    """Concepts with everything that follows: presence goes to the broader, absence to the narrower."""
    made: dict[str, frozenset[bool]] = {}

    def put(name: str, value: bool) -> None:
        made[name] = made.get(name, frozenset()) | {value}

    for concept, polarities in items:
        if True in polarities:
            for name in broader(concept):
                put(name, True)
        if False in polarities:
            put(concept, False)
            if concept in vocabulary() and vocabulary()[concept].kind == "boolean":
                for name in vocabulary().consequences(concept, False):
                    put(name, False)
    return made


def concepts(context: Context) -> Iterator[Problem]:
    """Drugs, conditions, allergies and tests stand in the evidence, stated or negated as the sentence says."""
    closure = _closure(context.support)
    seen: set[str] = set()
    for mention, stated in context.reading.mentions:
        groups = mention.groups & _CHECKED_GROUPS
        held = frozenset().union(*(closure.get(c, frozenset()) for c in mention.concepts))
        folded = mention.text.casefold()
        if folded in seen:
            continue
        seen.add(folded)
        if held:
            wrong = stated not in held and (stated or not _spoken_against(mention, context))
            if context.statement.kind != "question" and groups - {"test", "measure"} and wrong:
                yield context.problem("negation", "negation" if stated else "negated", text=mention.text)
        elif groups - {"code", "marker"} and not _held_by_name(folded, context.support):
            code = next(g for g in ("drug", "allergy", "condition", "test", "measure") if g in groups)
            named = context.strict or code == "drug" or (code == "condition" and context.reading.family)
            if named and context.statement.kind != "question":
                yield context.problem(code, text=mention.text)


def _spoken_against(mention: Mention, context: Context) -> bool:
    """Whether sentence and evidence both advise against a drug: 不宜使用 before it in one, after it in the other."""
    own, held = _directions([context.reading]), _directions(context.support.texts)
    return any(True in own.get(concept, ()) and True in held.get(concept, ()) for concept in mention.concepts)


def _held_by_name(word: str, held: Support) -> bool:
    return any(held.holds(name) for name in (word, *lexicon()["same"].get(word, ())))


def code_values(context: Context) -> Iterator[Problem]:
    """A code (solid, former smoker, poor metaboliser) is not another than the evidence has for the same fact."""
    closure = _closure(context.support)
    for mention, stated in context.reading.mentions:
        codes = {c for c in mention.concepts if group_of(c) == "code"}
        if not codes or not stated or codes & closure.keys() or context.support.holds(mention.text):
            continue
        if len(codes) < len(mention.concepts):
            continue
        held = {c.partition("=")[0] for c in closure if "=" in c}
        if any(c.partition("=")[0] in held for c in codes):
            yield context.problem("value", text=mention.text)


def word_negation(context: Context) -> Iterator[Problem]:
    """Words that the sentence and its evidence share are negated in both or in neither."""
    if context.statement.kind == "question":
        return
    held = context.support.words
    shared = {w: p for w, p in context.reading.words.items() if w in held}
    turned = sorted(w for w, polarity in shared.items() if not polarity & held[w])
    both_negate = _negates(context.reading.words) and any(_negates(text.words) for text in context.support.texts)
    if turned and ((context.strict and not both_negate) or len(turned) * 2 > len(shared)):
        yield context.problem("negation", "negation_words", words=", ".join(turned[:4]))


def _negates(words: Mapping[str, frozenset[bool]]) -> bool:
    return any(False in polarity for polarity in words.values())


def value_negation(context: Context) -> Iterator[Problem]:
    """A number, gene or variant that the sentence negates is negated in the evidence, and the other way round."""
    if context.statement.kind == "question":
        return
    reading, sources = context.reading, context.support.texts
    stated = [q for text in sources for q in text.quantities if not text.negated.at(q.start)]
    stated += [q for q in context.support.quantities if q.fact is not None]
    for shown in reading.quantities:
        if reading.negated.at(shown.start) and any_supports(stated, shown):
            negating = (q for text in sources for q in text.quantities if text.negated.at(q.start))
            if not any_supports(negating, shown):
                yield context.problem("negation", "negated", text=shown.text)
    held = {flag: frozenset().union(*(t.named(negated=flag) for t in sources)) for flag in (True, False)}
    for flag, key in ((True, "negated"), (False, "negation")):
        for name in sorted(reading.named(negated=flag) - reading.named(negated=not flag)):
            if name in held[not flag] and name not in held[flag]:
                yield context.problem("negation", key, text=name)


def pairs(context: Context) -> Iterator[Problem]:
    """Two numbers that belong together ("14 × 12 mm", "131 to 166 mL") stand in the order of the evidence."""
    held = [pair for text in context.support.texts for pair in _joined(text)]
    for one, other in _joined(context.reading):
        straight = any(supports(a, one) and supports(b, other) for a, b in held)
        turned = any(supports(b, one) and supports(a, other) for a, b in held)
        pressure = (
            one.unit == "mm[Hg]" and "/" in context.reading.text[one.end : other.start] and one.value < other.value
        )
        if pressure or (turned and not straight):
            yield context.problem("number", "exchanged", text=f"{one.text}, {other.text}")


def doses(context: Context) -> Iterator[Problem]:
    """A number right after a drug stands in evidence that names the drug."""
    reading = context.reading
    for mention, _ in reading.mentions:
        drugs = {c for c in mention.concepts if c.startswith("medication.")}
        end = mention.start + len(mention.text)
        shown = next((q for q in reading.quantities if end <= q.start <= end + MAX_DOSE_GAP), None)
        if not drugs or shown is None:
            continue
        naming = [support([item]) for item in context.cited]
        naming = [held for held in naming if drugs & held.concepts.keys()]
        if naming and not any(any_supports(held.quantities, shown) for held in naming):
            yield context.problem("number", "dose", text=shown.text, drug=mention.text)


def _joined(reading: Reading) -> Iterator[tuple[Quantity, Quantity]]:
    for one, other in itertools.pairwise(reading.quantities):
        if one.unit == other.unit and _BETWEEN.match(reading.text[one.end : other.start]):
            yield one, other


def labelled_numbers(context: Context) -> Iterator[Problem]:
    """The number after a fact's name is that fact's, not another's that is cited too."""
    facts = [q for q in context.support.quantities if q.fact is not None and q.fact in vocabulary()]
    text = context.reading.text.lower()
    places: dict[int, tuple[int, set[str]]] = {}
    for fact in {q.fact for q in facts if q.fact is not None}:
        for label in _short_labels(fact):
            for match in phrase_pattern((label,)).finditer(text):
                end, named = places.get(match.start(), (0, set()))
                places[match.start()] = (max(end, match.end()), named | {fact})
    for start, (end, named) in places.items():
        nearest = min((q.start for q in context.reading.quantities if q.start >= end), default=None)
        if nearest is None or any(start < other < nearest for other in places) or nearest - end > MAX_LABEL_GAP:
            continue
        shown = next(q for q in context.reading.quantities if q.start == nearest)
        own = [q for q in facts if q.fact in named]
        others = [q for q in facts if q.fact not in named]
        if any(same_kind(q, shown) for q in own) and not any_supports(own, shown) and any_supports(others, shown):
            yield context.problem("number", "labelled", text=shown.text, label=text[start:end])


def _short_labels(fact: str) -> set[str]:
    """Labels of a fact, also without what follows "of": "longest diameter" of the dominant lung nodule."""
    labels = {label.lower() for label in vocabulary()[fact].label.values()}
    return labels | {label.split(" of ")[0] for label in labels if len(label.split(" of ")[0]) > 5}


def grades(context: Context) -> Iterator[Problem]:
    """A strength or certainty that the sentence gives is the one that the cited recommendation has."""
    for match in _GRADE.finditer(context.reading.text):
        name = "rec.certainty" if match["what"] in ("certainty", "证据等级") else "rec.strength"
        held = {str(f.value).casefold() for item in context.cited if (f := item.fact(name)) is not None}
        grade = match["grade"].strip(" .。").casefold()
        if held and not any(known.startswith(grade) or grade.startswith(known) for known in held):
            yield context.problem("number", "grade", text=match[0])


def contradictions(context: Context) -> Iterator[Problem]:
    """The sentence has no word whose opposite, and not the word itself, stands in the evidence."""
    if not context.strict:
        return
    for said, held in zip(context.reading.opposites, context.support.opposites, strict=True):
        if len(held) == 1 and said and not said & held:
            yield context.problem("contradiction")
            return


def directions(context: Context) -> Iterator[Problem]:
    """A drug that the evidence advises against is not advised, nor the other way round."""
    if not context.strict:
        return
    own = _directions([context.reading])
    held = _directions(context.support.texts)
    for drug, said in own.items():
        if drug in held and not said & held[drug]:
            label = vocabulary()[drug].label
            yield context.problem("contradiction", "direction", text=label.get(context.language, label["en"]))
            return


def _directions(readings: Iterable[Reading]) -> dict[str, set[bool]]:
    """For each drug, whether it stands in clauses that advise against it (True), in others (False), or both."""
    found: dict[str, set[bool]] = {}
    for reading in readings:
        against = advised_against(_without_drugs(reading))
        for mention, _ in reading.mentions:
            for concept in mention.concepts:
                if concept.startswith("medication."):
                    found.setdefault(concept, set()).add(any(a <= mention.start < b for a, b in against))
    return found


def _without_drugs(reading: Reading) -> str:
    """The text with its drug names blanked: "nicotine replacement" replaces nothing (尼古丁替代治疗)."""
    text = reading.text
    for mention, _ in reading.mentions:
        if any(concept.startswith("medication.") for concept in mention.concepts):
            end = mention.start + len(mention.text)
            text = f"{text[: mention.start]}{'_' * len(mention.text)}{text[end:]}"
    return text


@lru_cache(maxsize=4096)
def advised_against(text: str) -> tuple[tuple[int, int], ...]:
    """The parts of `text` (normalised) that say not to give something."""
    words = lexicon_pattern("against")
    turns = {m.start() for m in lexicon_pattern("instead").finditer(text)}
    turns |= {m.start("to") for m in _EXCHANGE.finditer(text)}
    found = []
    for low, high in clauses(text):
        cuts = [low, *sorted(cut for cut in turns if low < cut < high), high]
        found += [(start, end) for start, end in itertools.pairwise(cuts) if words.search(text[start:end])]
    return tuple(found)


def quotes(context: Context) -> Iterator[Problem]:
    """Quoted words stand in the evidence, and the quote of each note span is what the note says there."""
    held = "\n".join(_quotable(item) for item in context.cited)
    for quoted in context.reading.quotes:
        if _squeeze(quoted) not in _squeeze(held):
            yield context.problem("quote", text=quoted)
    for item in context.cited:
        place = item.locator
        if isinstance(place, NoteSpan):
            note = context.case.note(place.handle)
            if note is None or note.text[place.start : place.end] != place.quote:
                yield context.problem("quote", "span", text=item.id)


def _quotable(item: Evidence) -> str:
    place = item.locator
    return f"{item.claim}\n{place.quote}" if isinstance(place, NoteSpan) else item.claim


def _squeeze(text: str) -> str:
    return " ".join(text.split()).rstrip(".,;:。，；：")


def subject(context: Context) -> Iterator[Problem]:
    """What a relative had is not said of the patient, nor the other way round."""
    if not context.strict or not context.cited:
        return
    heads = {fact.name.partition(".")[0] for item in context.cited for fact in item.facts}
    family_only = heads == {"family_history"}
    if family_only and not context.reading.family:
        yield context.problem("subject", "subject_patient")
    if context.reading.family and "family_history" not in heads and not any(t.family for t in context.support.texts):
        yield context.problem("subject", "subject_family")


CHECKS: tuple[Check, ...] = (
    numbers,
    sides,
    symbols,
    concepts,
    code_values,
    word_negation,
    value_negation,
    pairs,
    doses,
    labelled_numbers,
    grades,
    contradictions,
    directions,
    quotes,
    subject,
)


def numbers_with_units(context: Context) -> Iterator[Problem]:
    """Numbers with a unit of measurement; a bare count or a length of time is left alone."""
    for shown in context.reading.quantities:
        if shown.unit not in _TIMES and not any_supports(context.support.quantities, shown):
            yield context.problem("number", text=shown.text)


# What a question that cites nothing is checked for, against the whole ledger.
UNCITED_CHECKS: tuple[Check, ...] = (numbers_with_units, sides)

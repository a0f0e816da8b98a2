"""Who a mention is about, whether it is denied, and when: rules after NegEx and ConText.

Sources: Chapman 2001 (doi 10.1006/jbin.2001.1029), Harkema 2009 (doi 10.1016/j.jbi.2009.05.002).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from tools.notes.document import Document, Sentence, lexicon
from tools.notes.forms import Answer, answer_of
from tools.notes.person import sex_told_first

Experiencer = Literal["patient", "family", "other"]
Time = Literal["current", "historical", "hypothetical"]
_KINDS = (
    "negation_is_other",
    "negated_before",
    "negated_after",
    "hypothetical",
    "historical",
    "family",
    "informant",
    "other_person",
    "stops",
)
_BREAKS = re.compile(r"[;；:：。]|\n\s*\n|[(（]|[)）]")


@dataclass(frozen=True)
class Context:
    """What the words around a mention say of it. `cue` is where the words that deny it stand in the note."""

    negated: bool = False
    experiencer: Experiencer = "patient"
    time: Time = "current"
    cue: tuple[int, int] | None = None


@dataclass(frozen=True)
class Cue:
    """A cue word or phrase at a place in a sentence."""

    kind: str
    start: int
    end: int


@lru_cache(maxsize=4)
def _patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    made = []
    for kind in _KINDS:
        phrases = sorted(lexicon("context")[language].get(kind, ()), key=len, reverse=True)
        body = "|".join(re.escape(p).replace(r"\ ", r"\s+").replace("'", "['’]") for p in phrases)
        pattern = f"(?:{body})" if language == "zh" else rf"(?<![\w-])(?:{body})(?![\w])"
        if kind == "hypothetical" and language == "en":
            pattern += rf"|{_QUERIED}"
        made.append((kind, re.compile(pattern, re.IGNORECASE)))
    return made


# A question mark before a term asks about that term alone: `?PE, 6 mm nodule`.
_QUERIED = r"(?<![\w?)])\?\s?(?=[A-Za-z])"


@lru_cache(maxsize=256)
def cues(text: str, language: str) -> list[Cue]:
    """Cues of a sentence, in order. A cue inside a longer one of another kind is dropped."""
    found = [Cue(kind, m.start(), m.end()) for kind, pattern in _patterns(language) for m in pattern.finditer(text)]
    kept = []
    for cue in found:
        longer = (o for o in found if o.kind != cue.kind and o.start <= cue.start and cue.end <= o.end)
        if not any((o.end - o.start) > (cue.end - cue.start) for o in longer):
            kept.append(cue)
    return sorted(kept, key=lambda c: (c.start, c.end))


def context_of(document: Document, sentence: Sentence, start: int, end: int) -> Context:
    """The context of characters `start` to `end` of the note, which lie in `sentence`."""
    text = document.words(sentence)
    a, b = start - sentence.start, end - sentence.start
    found = cues(text, document.language)
    sex = sex_told_first(document.text)
    experiencer = _experiencer(text, found, (a, b), sentence.section.kind, sex)
    if experiencer == "patient" and _goes_on_about_another(document, sentence, text[:a], sex):
        experiencer = "other"
    denial = _denial(text, found, a, b)
    if free := _relatives_free_of(text, a, sentence.section.kind):
        experiencer, denial = "family", denial or free
    cue = (denial.start + sentence.start, denial.end + sentence.start) if denial else None
    time = _time(text, found, a, b, sentence.section.kind)
    made = Context(denial is not None, experiencer, time, cue)
    answer = answer_of(document, start, end)
    return made if answer is None else _as_answered(made, answer, start)


def _as_answered(context: Context, answer: Answer, start: int) -> Context:
    """The context of a mention on a form: denied, said to be so, or left open; a denial inside the label stays."""
    denied_there = context.cue is not None and context.cue[0] < start
    if answer.said == "nothing" or (answer.said == "no" and denied_there):
        return replace(context, time="hypothetical")
    time = "current" if context.time == "hypothetical" else context.time
    if answer.said == "yes":
        return replace(context, time=time)
    return replace(context, negated=True, time=time, cue=(answer.start, answer.end))


# `No first-degree relative with breast cancer`: nobody of the family has it.
_NO_RELATIVE = re.compile(
    r"\b(?:no|nor|without(?: any)?)\s+"
    r"(?:(?:first|1st|second|2nd|third)[\s-]+(?:(?:or|and)[\s-]+(?:second|2nd)[\s-]+)?degree\s+|"
    r"(?:close|known|other|blood|living|affected|further)\s+)*"
    r"(?:relatives?|family members?|kin|siblings?|one in (?:the|his|her) family)\b[^.;]{0,30}?"
    r"\b(?:with|has|had|have|having|who|affected by|diagnosed with|of)\b|"
    r"\b(?:nobody|no ?one|none)\s+(?:(?:in|of)\s+(?:the|his|her)\s+(?:\w+\s+)?(?:family|relatives|siblings)\s+)"
    r"(?:with|has|had|have|ever)\b",
    re.I,
)
_NOBODY = re.compile(r"\b(?:nobody|no ?one|none)\s+(?:else\s+)?(?:with|has|had|have|ever)\b", re.I)


def _relatives_free_of(text: str, a: int, section: str) -> Cue | None:
    """The words before the mention that say that no relative has it, in the same clause."""
    patterns = (_NO_RELATIVE, _NOBODY) if section == "family" else (_NO_RELATIVE,)
    for pattern in patterns:
        for match in pattern.finditer(text, 0, a):
            if not re.search(r"[.;；。]|\b(?:but|except|apart from|other than|besides)\b", text[match.end() : a], re.I):
                return Cue("negated_before", match.start(), match.end())
    return None


_AWAITED = re.compile(
    r"\b(?:pending|awaited|await(?:s|ing)|to follow|outstanding|not (?:yet )?(?:back|available|reported)|"
    r"requested)\b|"
    r"待回报|结果未回|结果待|送检中|已送检",
    re.I,
)


def is_awaited(document: Document, sentence: Sentence) -> bool:
    """Whether a sentence says that the result of a test is not there yet."""
    return _AWAITED.search(document.words(sentence)) is not None


_LONGEST_SCOPE = 260  # characters


def _denial(text: str, found: list[Cue], a: int, b: int) -> Cue | None:
    """The nearest cue that denies the mention."""
    near = [c for c in found if c.end > a - _LONGEST_SCOPE and c.start < b + _LONGEST_SCOPE]
    before = [c for c in near if c.kind == "negated_before" and c.start < a and _reaches(text, near, c, a, b)]
    before = [] if _UNTIL.match(text, b) else before
    after = [c for c in near if c.kind == "negated_after" and c.start >= b and _adjoins(text[b : c.start])]
    field = _FIELD_DENIED.match(text, b)
    if field is not None:
        after.append(Cue("negated_after", field.start("no"), field.end("no")))
    return max(before, key=lambda c: c.end) if before else min(after, key=lambda c: c.start, default=None)


# `No gout attack until this summer`: it came then.
_UNTIL = re.compile(
    r"[^.,;:]{0,25}\b(?:until|till)\s+(?!now\b|today\b|then\b)(?=this\b|last\b|the (?:age|\w+ of)\b|\d|[A-Z][a-z])"
)


def _reaches(text: str, found: list[Cue], cue: Cue, a: int, b: int) -> bool:
    """Whether the scope of a cue before the mention holds it. A cue may run into the mention: `no recent surgery`."""
    if cue.end > a:
        return cue.end <= b
    between = text[cue.end : a]
    said = text[cue.start : cue.end].lower()
    if said in _CLOSE:
        return re.fullmatch(r"[\s-]*" if said == "non" else r"\s*(?:[\w-]+\s+){0,2}", between) is not None
    if said == "not" and _OF_A_VERB.match(between):
        return False
    return not _stopped(text, found, cue.end, a)


# `AF not anticoagulated, hypertension`: what is denied is the participle, and the list goes on.
_OF_A_VERB = re.compile(r"\s*(?:\w+ly\s+)?\w+(?:ed|ing|ised|ized|en|taken|on)\b[^,]*,(?!.*\b(?:or|nor)\b)", re.I)
# A field that is answered: `OCP no.`, `diabetes: none,`, `HIV -ve`.
_FIELD_DENIED = re.compile(r"\s*[:?=-]?\s*(?P<no>no|nil|none|neg|-ve|无|阴性)\s*(?=[.;,，。；)]|$)", re.IGNORECASE)
# Cues that deny only what stands next to them: `non-diabetic`, `absent breath sounds`.
_CLOSE = frozenset({"non", "absent"})


def _stopped(text: str, found: list[Cue], start: int, end: int) -> bool:
    """Whether a scope that begins at `start` ends before `end`."""
    if end - start > _LONGEST_SCOPE:
        return True
    between = text[start:end]
    if any(c.kind in ("stops", "negation_is_other") and start <= c.start and c.end <= end for c in found):
        return True
    return bool(_NEW_CLAUSE.search(between)) or _closes(between)


# A break, or a new verb of the same subject: `has never had a stroke, takes clopidogrel`.
_NEW_CLAUSE = re.compile(
    r"[;；。]|\n\s*\n|[a-z\d)%]\.\s+(?=[A-Z])|\b\w[\w ]*:\s|"
    r"(?:,|\band)\s+(?:and\s+)?(?:he\s+|she\s+)?(?:also\s+|now\s+|currently\s+)?(?:takes?|uses|drinks|"
    r"receives|smokes|lives|received|underwent|family history|FHx?|remains|"
    r"took|works|appears|feels|suffers from|suffered)\b",
    re.IGNORECASE,
)


def _closes(between: str) -> bool:
    depth = 0
    for character in between:
        depth += (character in "(（") - (character in ")）")
        if depth < 0:
            return True
    return False


def _adjoins(between: str) -> bool:
    """A cue after the mention belongs to it if only a few words lie between, with no new clause."""
    if _SEROLOGY.fullmatch(between):
        return True
    if len(between.split()) > 4 or len(between) > 45:
        return False
    return not re.search(r"[,;:，；：。]|\.\s|\band\b|\bbut\b", between) and not _OF_TESTS.search(between)


# `high BP for 5 years (all tests negative then)`: what is negative is the tests, after a duration that asserts it.
_OF_TESTS = re.compile(
    r"\d\s*(?:y|yrs?|years?|months?|mo)\b\s*[(（][^)）]*\b(?:tests?|bloods?|investigations?|screens?|scans?|imaging|"
    r"results?|work-?up|cultures?)\s+(?:(?:was|were|are|all|been|came back)\s+)*$",
    re.I,
)


# `HBV, HIV and syphilis negative`: the result is that of each.
_SEROLOGY = re.compile(
    r"(?:(?:\s*[,/&]\s*|\s+and\s+)[\w-]+(?: (?:antibod(?:y|ies)|gene|mutation|variant|PCR))?){0,4}\s+(?:are |"
    r"were |all )?",
    re.I,
)


def _experiencer(text: str, found: list[Cue], place: tuple[int, int], section: str, sex: str | None) -> Experiencer:
    a, b = place
    told = [(c.start, c.end) for c in found if c.kind == "informant"] + [m.span() for m in _TELLS.finditer(text)]
    family = [c for c in found if c.kind == "family" and not any(c.start < e and s < c.end for s, e in told)]
    family = [c for c in family if not _WITH_RELATIVE.search(text[: c.start])]
    if section == "family" or any(c.start < a and not _new_subject(text, c, a, sex) for c in family):
        return "family"
    if any(
        c.start >= b
        and re.fullmatch(r"\s*(?:(?:in|of)\s+(?:his|her|the|their)?\s*)?(?:carrier\s+|\w+\s+(?=.))?", text[b : c.start])
        and not re.search(r"\b(?:and|but|his|her|the|her|with)\s*$", text[b : c.start], re.I)
        for c in family
    ):
        return "family"
    for cue in found:
        if cue.kind == "other_person" and cue.end <= a and not _new_subject(text, cue, a, sex):
            return "other"
    return "patient"


_TELLS = re.compile(
    r"\b(?:mother|father|parents?|wife|husband|spouse|partner|daughter|son|sister|brother|aunt|uncle|famil(?:y|ies)|"
    r"relatives?|caregivers?|grand\w+)\s+(?:also\s+|then\s+|had\s+|has\s+|have\s+|who\s+|further\s+)*(?:reports?|"
    r"reported|"
    r"states?|stated|noted|notes|notices?|noticed|says?|said|brought|brings|describes?|described|gave|gives|denies|"
    r"denied|"
    r"observed|found|called|calls|recalls?|recalled|relayed|confirm\w*|informed|told|complain\w*|sought|took|takes|"
    r"mentions?|mentioned|witnessed|claims?|claimed|endorse[sd]?|thought|became|decided|was concerned|were "
    r"concerned)\b",
    re.IGNORECASE,
)
# A relative who lives with, brings or tells of the patient is not whom the sentence is about.
_WITH_RELATIVE = re.compile(
    r"\b(?:liv(?:es?|ed|ing)|resid\w+|stay\w*|along|together|cared for|accompanied|brought(?: \w+){0,3}|found|taken|"
    r"assisted|helped|supported|visited|witnessed|reported|noticed)\s+(?:with|by)\s+(?:his|her|their|the|a|an)?\s*"
    r"(?:\w+\s+)?$|\b(?:at home|alone) with (?:his|her|their)\s+$|\baccording to (?:his|her|the)\s+$",
    re.IGNORECASE,
)


_SUBJECT = re.compile(r"\b(?:he|she|patient|his|the patient|who)\b|患者|病人|[。]", re.IGNORECASE)


# `Dad had his MI at 44`: the possessive is the relative's.
_OWN_ILLNESS = re.compile(
    r"\b(?:had|has|got|suffered|survived|died (?:of|from|after|with))\s+(?:his|her|their)\s+"
    r"(?:own\s+|first\s+|second\s+)?",
    re.IGNORECASE,
)
_THAT_PERSON = re.compile(r"\s*,?\s*(?:\w+\s+)?(?:who|whose)\b", re.IGNORECASE)  # `her son, who has a lymphoma`


_PEOPLE = {
    "male": r"wife|girlfriend|mother|mum|mom|sister|daughter|aunt|niece|grandmother",
    "female": r"husband|boyfriend|father|dad|brother|son|uncle|nephew|grandfather",
}
_SAID_OF = {"male": re.compile(r"^\W*she\b", re.I), "female": re.compile(r"^\W*he\b", re.I)}


def _goes_on_about_another(document: Document, sentence: Sentence, before: str, sex: str | None) -> bool:
    """Whether a sentence begins with the pronoun of a relative who was spoken of just before, of the other sex."""
    if sex is None or not _SAID_OF[sex].match(before) or re.search(r"\b(?:patient|pt)\b", before, re.I):
        return False
    earlier = document.text[max(0, sentence.start - 120) : sentence.start].split("\n\n")[-1]
    return re.search(rf"\b(?:{_PEOPLE[sex]})\b", earlier, re.I) is not None


# Who a patient's wife is told of as "she" is a man, as far as the pronoun goes.
_SPOUSES = {"wife": "male", "girlfriend": "male", "husband": "female", "boyfriend": "female"}
_OF_ANOTHER = {"male": re.compile(r"\b(?:she|her)\b", re.I), "female": re.compile(r"\b(?:he|his)\b", re.I)}


def _new_subject(text: str, cue: Cue, end: int, sex: str | None) -> bool:
    """Whether between the word for a relative and `end` the patient is spoken of again.

    A pronoun of the other sex than the patient's (`sex`, None where it is not told) is the relative's.
    """
    between = text[cue.end : end]
    sex = _SPOUSES.get(text[cue.start : cue.end].lower(), sex)
    between = _OF_ANOTHER[sex].sub("", between) if sex is not None else between
    between = _THAT_PERSON.sub("", between, count=1) if _THAT_PERSON.match(between) else between
    between = _OWN_ILLNESS.sub("", between)
    return bool(_SUBJECT.search(between)) or len(between) > 200


# "over the past three days" says that something goes on, not that it is over.
_LATELY = re.compile(
    r"(?:(?:in|over|during|within|for)\s+(?:the\s+)?)?(?:past|prior|last|previous)\s+(?:couple(?: of)?|few|several|"
    r"many|\d+|one|two|three|four|five|six|seven|"
    r"eight|ten|hour|day|week|month|24|48|72)s?\b",
    re.IGNORECASE,
)
# "A 4-day history of cough" is a present cough.
_LASTING = re.compile(
    r"\b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few|short|"
    r"long)[\s-]*(?:to[\s-]*\d+[\s-]*)?(?:(?:hours?|hrs?|"
    r"days?|weeks?|wks?|months?|years?|h|d)(?:['’]s?)?[\s-]*|['’]s?[\s-]*)?(?:(?:long|duration)[\s-]*)?$",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"\s+to\b", re.I)  # "prior to biopsy" says that the biopsy lies ahead
_WORK_UP = re.compile(
    r"(?:医师|医生|总医师|部|号|志|病历)|(?:病毒)?(?:核心|[eE])抗[体原]|(?:病毒)?表面抗(?:体|"
    r"原(?:[:：（(]?\s*(?:阴性|[-－])))|"
    r"\s*(?:两对半|五项|疫苗|筛查|标志物|病毒标志)|\s*core (?:total )?(?:antibod\w+|Ab)\b|"
    r"\s*[-‐]?\s*(?:病毒)?DNA(?![A-Za-z])\s*(?:level |load )?(?:is |was |[:：(（])?\s*(?:undetect\w+|not detected|"
    r"negative|neg\b|<|未检出|未检测到|阴性|低于)|"
    r"\s*(?:work-?\s?up|screen(?:ing)?|prophylaxis|precautions?|protocol|prevention|risk|surveillance|vaccin\w+|"
    r"immun(?:e|i[sz]ed)|sAb|surface antibod\w+|serolog\w+|status|clinic|nurse|specialist|review|"
    r"educator|team|jabs?|shots?|booster)\b|"
    r"\s*(?:tests?|testing|PCR|antibod(?:y|ies)|antigen|results?)?\s*(?:is |are |was |were )?(?:still )?(?:pending|"
    r"awaited|requested|outstanding|to follow|not (?:yet )?(?:tested|done|available))\b|"
    r"\s+(?:is |was |strongly |clinically )*suspected\b(?=\s*(?:[.,;)]|$|on\b|by\b|but\b|clinically|because))",
    re.I,
)


def _time(text: str, found: list[Cue], a: int, b: int, section: str) -> Time:
    if _WORK_UP.match(text[b:]):
        return "hypothetical"
    listed = [c for c in found if not text[c.start : c.end].lower().startswith(("includ", "not limited"))]
    for cue in found:
        if cue.kind == "hypothetical":
            queried = text[cue.start : cue.end].strip() == "?"
            before = cue.end <= a and a - cue.end <= 150 and not _stopped(text, listed, cue.end, a)
            before = before and not (queried and re.search(r"[,;)]", text[cue.end : a]))
            after = cue.start >= b and cue.start - b <= 12 and text[cue.start : cue.end] in _AFTER
            after = after and not (queried and re.match(r"[A-Za-z]", text[cue.end :]))  # `Lipitor 20. ?refer`
            if before or after:
                return "hypothetical"
    for cue in found:
        if cue.kind == "historical" and not (_LATELY.match(text[cue.start :]) or _LASTING.search(text[: cue.start])):
            before = cue.end <= a and a - cue.end <= 120 and not _stopped(text, found, cue.end, a)
            before = before and not _AHEAD.match(text, cue.end)
            after = cue.start >= b and cue.start - b <= 30
            if before or after:
                return "historical"
    return "historical" if section == "past" else "current"


_AFTER = {
    "could be",
    "may be",
    "might be",
    "is likely",
    "not excluded",
    "cannot be excluded",
    "could not be excluded",
    "cannot be ruled out",
    "could not be ruled out",
    "?",
    "？",
    "待排",
    "可能",
    "风险",
}

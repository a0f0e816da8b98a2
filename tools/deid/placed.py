"""Names of which no table knows a word, by their place: after kin, before a role in brackets, in chats and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.dictionary import LISTED, clinical_words, look_up, word_list
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import ACRONYMS, CAPITALISED, TITLES, UPPER, is_clinical_word
from tools.deid.strangers import NO_PERSONS

_NOT_NAMES = word_list("not_after_a_name") | word_list("not_places_small") | word_list("headings") | TITLES
_SHORT = word_list("short_acronyms")
_NAME = rf"(?P<name>{CAPITALISED})(?![\w@])"
_NAMES = (
    rf"(?P<name>{CAPITALISED}(?:[ \t](?:['’]s[ \t]|(?:de|da|das|dos|di|van|von|der|den|die|"
    rf"la)[ \t]){{0,3}}{CAPITALISED})?)(?![\w@])"
)
_KIN = re.compile(
    r"\b(?:mother|father|mom|mum|mam|dad|sister|brother|sib|sibling|twin|wife|husband|hubby|spouse|partner|son|"
    r"daughter|dtr|"
    r"aunt|auntie|uncle|cousin|niece|nephew|grand(?:mother|father|ma|pa|dad|son|daughter)|gran|gramma|granny|nan|nana|"
    r"(?:great|step)-?(?:aunt|uncle|dad|mum|mom|son|daughter)|fianc[ée]e?|girlfriend|boyfriend|friend|mate|neighbou?r|"
    rf"carer|PCA|doula|godmother|stepmother|stepfather),?[ \t]{{1,2}}{_NAMES}"
)
# The members of a team, after a short word: `RT Olli`, `SW Adviye Bilge`, `OR mgr Eline`, `Floor: Stijn`.
_TEAM = re.compile(
    r"(?:\b(?i:RT|SW|PHN|HV|CNS|ANP|PA|PCT|CNA|EMT|PARA|HCA|mgr|manager|att|attending|res|resident|fellow|intern|asst|"
    r"scrub|runner|floor|circulator|circulating|crew|charge|triage|ward clerk|switchboard|PCP|GP|counsell?or|OT|physio|"
    r"SLT|locum|matron|questions|praxis|call|ring|bleep|ask)\b|\bby(?=[ \t][^\W\d_]+[ \t]+[^\W\d_a-z]))"
    rf"[ \t]?:?[ \t]{{1,2}}{_NAMES}"
)
# `Cliodhna (V:1)`, `Ari (wife)`, `Black (hepatology)`.
_ROLE = re.compile(
    rf"(?<![\w@.'’/-]){_NAME}[ \t]\((?:[a-z]{{3,16}}ology|(?:h(?:a|ae|e)mat|cardi|neur|hepat)\w*|surg(?:ery|eon)?|"
    rf"micro|gyna?e?|anaesth\w*|anesth\w*|wife|"
    r"husband|partner|sons?|daughters?|(?:step-?)?(?:mother|father|mom|mum|dad)|sister|brother|friend|neighbou?r|"
    r"interpreter|intern|"
    r"nurse|RN|PCT|EMT|SW|PG[ \t]?\d|ST\d|CT\d|FY\d|reg|SHO|SpR|[IVX]{1,4}:\d{1,2}|pt['’]?s [a-z]+|her [a-z]+|"
    r"his [a-z]+)\)"
)
# Speakers of chats, comments in brackets, those who are spoken to, and names with a word of respect.
_CHAT = re.compile(rf"^\[[^\]\n]{{4,30}}\][ \t]{_NAMES}(?=:)", re.MULTILINE)
_REMARK = re.compile(rf"\[{_NAMES}:(?=[ \t])")
_SPOKEN_TO = re.compile(rf"(?:(?<![\w.])@|\bbtw[ \t]|[ \t][+&][ \t]){_NAME}(?=[ \t]+(?!and\b)[a-z]|[ \t]*[,.:;)\n]|$)")
_RESPECT = re.compile(
    rf"(?<![\w@.'’-]){_NAME}[ \t](?:sir|ma['’]?am|madam|mam|ji|bhai|didi|saheb|sahib|sister|akka|anna|san)\b(?!['’])"
)
_FIELD = re.compile(
    rf"\b(?i:surname|fore-?name|family[ \t]name|given[ \t]names?|first(?:[ \t]name)?|last[ \t]name|"
    rf"(?:na\n?me))[ \t:]{{1,4}}"
    rf"(?P<name>[{UPPER}][\w'’-]{{1,20}}(?:[ \t][{UPPER}][{UPPER}'’-]{{1,20}})?)(?=[ \t]{{2,}}|[ \t]*(?:[,;\n]|$))"
)
# `Sign: xPavlína Cosman`, a name in quotation marks with initials, the same in capitals before a number of record.
_CROSS = re.compile(rf"\bsign(?:ed|ature)?[ \t]?:[ \t]{{0,3}}[xX✗×][ \t]?{_NAMES}", re.IGNORECASE)
_QUOTED = re.compile(
    r"(?:\b(?i:known as|called|nick-?named|name|label|caption|text|spoke to|spoke with|labelled|signed))"
    rf"[ \t]?[:,]?[ \t]?[\"“'‘](?P<name>[{UPPER}]\.(?:[ \t]?{CAPITALISED})?|{CAPITALISED}[ \t][{UPPER}]\.?)[\"”'’]"
)
_IN_CAPITALS = re.compile(
    rf"(?<![\w@])(?P<name>[{UPPER}]{{2,20}}(?:[ '’-][{UPPER}]{{2,20}}){{0,3}},[ \t]?"
    rf"[{UPPER}]{{2,20}}(?:[ -][{UPPER}]{{1,20}})?)"
    r"(?=[ \t]*[(,]?[ \t]*(?:MRN|mrn|DOB|dob|Hosp|NHS|told|aged?\b|\d\d[ ]?[MFyY]\b|[MF]\b))"
)
_AT_END = re.compile(rf"(?<=[.!?][ \t]){_NAME}[ \t]*(?=\n[ \t]*\n|\n?\Z)")
_LETTERS_BEFORE = re.compile(rf"(?<![\w.])(?P<initials>(?:[{UPPER}]\.[ \t]?){{1,2}})$")
_LETTER_AFTER = re.compile(rf"[ \t][{UPPER}]\.?(?=[ \t]*[\"”'’,;)/\n]|[ \t]{{2,}}|$|[ \t][{UPPER}][a-z])")


def find_placed(text: str) -> Iterator[Identifier]:
    """Names that stand where only a person can."""
    for pattern in (_CHAT, _FIELD, _CROSS, _REMARK, _RESPECT):
        for match in pattern.finditer(text):
            if _may_be(text, match, ordinary=True):
                yield _person(match)
    for match in _KIN.finditer(text):
        if _may_be(text, match, ordinary=match["name"].isalpha() or " " in match["name"]):
            yield _person(match)
    for pattern in (_TEAM, _ROLE, _SPOKEN_TO, _AT_END):
        for match in pattern.finditer(text):
            if _may_be(text, match, ordinary=False) and not (pattern is _AT_END and match["name"].lower() in LISTED):
                yield _person(match)
    for pattern in (_QUOTED, _IN_CAPITALS):
        for match in pattern.finditer(text):
            words = [word for word in re.findall(r"[^\W\d_]+", match["name"]) if len(word) > 2]
            telling = pattern is _QUOTED or any(len(word) > 3 for word in words)
            if telling and not any(_never(word) or word in ACRONYMS or word.lower() in _SHORT for word in words):
                yield _person(match)


def with_initials(text: str, persons: list[Identifier]) -> Iterator[Identifier]:
    """Found persons with the initials beside them: `A. Ware`, `Aygutalp C.`."""
    for found in persons:
        if found.kind is not Kind.PERSON or " " in found.text(text) or len(found.text(text)) < 2:
            continue
        before = _LETTERS_BEFORE.search(text, max(0, found.start - 8), found.start)
        after = _LETTER_AFTER.match(text, found.end)
        if before is not None or (after is not None and after[0].endswith(".")):
            start = before.start("initials") if before is not None else found.start
            end = after.end() if after is not None and after[0].endswith(".") else found.end
            yield Identifier(Kind.PERSON, start, end, "initials beside", found.strength)


def _person(match: re.Match[str]) -> Identifier:
    return Identifier(Kind.PERSON, match.start("name"), match.end("name"), "place")


def _never(shown: str) -> bool:
    small = shown.lower()
    return small in _NOT_NAMES or small in NO_PERSONS or (is_clinical_word(shown) and small in clinical_words())


def _may_be(text: str, match: re.Match[str], *, ordinary: bool) -> bool:
    """Whether the words can be a name. `ordinary`: the place is so sure that they may be ordinary words."""
    words = re.findall(r"[^\W\d_][\w'’-]*", match["name"])
    first = words[0]
    known = look_up(first)
    capitals = first.isupper() and (first in ACRONYMS or first.lower() in _SHORT or not (known.given or known.family))
    capitals = capitals and match.re is not _FIELD
    if not first[0].isupper() or capitals or _never(first) or is_eponym(text, match.end("name")):
        return False
    return ordinary or known.given or known.family or not (known.ordinary or known.drug)

"""Names of print-outs, file names and typists: `CARVER^ANNA`, `CARVER, A`, `Carver_Anna.pdf`, `Trans: abc`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.dictionary import EPONYMS, look_up, word_list
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import ACRONYMS, CAPITALISED, TITLES, UPPER, is_clinical_word

_CARET = re.compile(
    rf"(?<![\w^])[{UPPER}][\w'’. -]{{1,40}}(?:\^[{UPPER}][\w'’. -]{{0,40}}?){{1,3}}(?=[ \t]{{2}}|[\t\n^|~]|$)"
)
# `CARVER, A` of lists and boards; a word that is no name only behind a room or bed.
_WITH_INITIAL = re.compile(
    rf"(?P<bed>\b(?:Rm|Room|Bed|Bay|Chair|Unit)\b[ \t.:#]{{0,4}}[\w/-]{{1,8}}[ \t:.,-]{{1,4}})?(?<![\w@.'’/-])"
    rf"(?P<name>[{UPPER}]{{2,20}}(?:[ '’-][{UPPER}]{{2,20}}){{0,2}},[ \t]*[{UPPER}]\b\.?(?:[ ]?[{UPPER}]\b\.?)?)"
    rf"(?=[ \t]{{2}}|[\t\n|/;(]|$|[ \t]+(?:Dr|DR|MRN|DOB|dob|M\b|F\b|\d))"
)
_FAMILY_IN_CAPITALS = re.compile(
    rf"(?<![\w@.'’/-])(?P<family>[{UPPER}]{{3,20}}(?:-[{UPPER}]{{2,20}})?)[ \t](?P<given>{CAPITALISED})(?![\w@'’])"
)
_SUBJECT = re.compile(r"(?:^|\n|\b(?:re|fw|fwd|aw|wg|subject)[ \t]*:)[ \t]*$", re.IGNORECASE)
_FILE = re.compile(
    r"(?<![\w/.-])(?P<stem>[^\W_][\w-]{2,80})\.(?:pdf|docx?|rtf|txt|jpe?g|png|tiff?|gif|bmp|dcm|xlsx?|csv|zip|mp4|wav|eml|msg)\b",
    re.IGNORECASE,
)
_FILE_PART = re.compile(r"[^\W\d_]{2,}")
_NICKNAME = re.compile(
    rf"(?<![\w@]){CAPITALISED}[ \t][\"“'‘(](?P<nick>{CAPITALISED})[\"”'’)][ \t](?P<family>{CAPITALISED})(?![\w@])"
)
# Who typed, drew or released something, by two or three letters.
_STAFF = re.compile(
    r"(?i:\b(?:dict(?:ated)?|trans(?:cribed)?|transcriptionist|typed|typist|verified|signed|initials?|entered|taken|"
    r"collected|drawn|released|resulted|performed|checked|scanned|coll|recd|tech)\b(?:[ \t]+by\b)?[ \t]*[:.]?)[ \t]+"
    r"(?P<who>[A-Z]{2,3}|[a-z]{2,3})(?=[ \t]*(?:[.;,)\n]|$)|[ \t]+(?:[A-Z][A-Za-z]*\b|[0-3]?\d[/:.-]))"
)
_BY_STAFF = re.compile(r"\bBY[ \t]+(?P<who>[a-z]{2,3})(?=[ \t]*(?:[.;,)\n]|$)|[ \t]+[A-Z\d])")
_REFERENCE = re.compile(r"(?i:\bref(?:erence)?\b)[ \t]*[:.]?[ \t]*(?P<who>[A-Z]{2,4}/[A-Za-z]{2,4})(?=/|[ \t\n]|$)")


_NO_INITIALS = word_list("no_initials")


def find_printed(text: str) -> Iterator[Identifier]:
    """Persons of print-outs, boards, file names and reference lines."""
    for match in _CARET.finditer(text):
        yield _person(match.start(), match.end())
    for match in _WITH_INITIAL.finditer(text):
        family = match["name"].split(",")[0]
        words = re.split(r"[ '’-]", family)
        telling = max(map(len, words)) > 3 or look_up(words[-1]).family
        if match["bed"] or (telling and not any(_no_name(word) for word in words)):
            yield _person(match.start("name"), match.end("name"))
    yield from _capitals_before_given(text)
    yield from _file_names(text)
    for match in _NICKNAME.finditer(text):
        if (
            look_up(match["nick"]).may_be_name
            and not is_clinical_word(match["nick"])
            and look_up(match["family"]).may_be_name
        ):
            yield _person(match.start(), match.end(), 1)
    for pattern in (_STAFF, _BY_STAFF, _REFERENCE):
        for match in pattern.finditer(text):
            if match["who"].lower() not in _NO_INITIALS | TITLES and match["who"] not in ACRONYMS:
                yield _person(match.start("who"), match.end("who"), 1)


def _person(start: int, end: int, strength: int = 2) -> Identifier:
    return Identifier(Kind.PERSON, start, end, "printed", strength)


def _no_name(shown: str) -> bool:
    word = look_up(shown)
    return (word.ordinary and not (word.family and word.common)) or is_clinical_word(shown) or shown in ACRONYMS


def _capitals_before_given(text: str) -> Iterator[Identifier]:
    """`CARVER Anna`: a family name in capitals and a given name that is not."""
    for match in _FAMILY_IN_CAPITALS.finditer(text):
        family, given = match["family"], match["given"]
        if given.isupper() or _no_name(family) or family.lower() in EPONYMS or family.lower() in TITLES:
            continue
        first, last = look_up(given), look_up(family)
        led = _SUBJECT.search(text, max(0, match.start() - 16), match.start())
        unknown = not first.known and (last.family or (led is not None and not last.known))
        if unknown or (first.surely_given and (last.family or len(family) > 4)):
            yield _person(match.start(), match.end())


def _file_names(text: str) -> Iterator[Identifier]:
    """The parts of a file's name that can be a person's, where at least one is of the table of names."""
    for match in _FILE.finditer(text):
        parts = [
            part
            for part in _FILE_PART.finditer(text, match.start("stem"), match.end("stem"))
            if part[0][0].isupper() and look_up(part[0]).may_be_name and not is_clinical_word(part[0])
            and part[0] not in ACRONYMS
        ]  # fmt: skip
        if any(look_up(part[0]).given or look_up(part[0]).family for part in parts) or len(parts) > 1:
            for part in parts:
                yield _person(part.start(), part.end())

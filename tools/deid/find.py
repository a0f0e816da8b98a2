"""All identifiers of one text: every recogniser, then each found name wherever else it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.deid import names_en, names_zh
from tools.deid.contacts import find_contacts
from tools.deid.dates import find_dates
from tools.deid.dictionary import clinical_words, look_up
from tools.deid.identifiers import Identifier, Kind, settle
from tools.deid.letters import find_correspondents
from tools.deid.places import find_places
from tools.deid.strangers import find_strangers, joined, towns_after

MAX_CHARACTERS = 4_000_000
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PART = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


def find_identifiers(text: str, known_names: Iterable[str] = ()) -> list[Identifier]:
    """The identifiers of `text`, in order, not overlapping.

    Args:
        text: English, Chinese or both; at most `MAX_CHARACTERS` characters.
        known_names: persons' names known from elsewhere in the case (a FHIR Patient, a DICOM header, another note);
            they and their parts are found wherever they stand.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a text has at most {MAX_CHARACTERS} characters")
    found = [*names_en.find_names(text), *find_contacts(text), *find_places(text), *_dates(text)]
    found += [*find_strangers(text), *find_correspondents(text)]
    if _HAN.search(text):
        found += names_zh.find_names(text)
    settled = settle(found)
    settled = settle([*settled, *towns_after(text, settled), *joined(text, settled)])
    names = [*known_names, *(item.text(text) for item in settled if item.kind is Kind.PERSON)]
    return settle([*settled, *_repeated(text, names)])


def person_names(text: str) -> list[str]:
    """The persons' names of `text`, as written."""
    return [item.text(text) for item in find_identifiers(text) if item.kind is Kind.PERSON]


def _dates(text: str) -> Iterator[Identifier]:
    for span in find_dates(text):
        yield Identifier(Kind.DATE, span.start, span.end, "date", 1)


def _repeated(text: str, names: Iterable[str]) -> Iterator[Identifier]:
    """Whole names and their telling parts, wherever they stand again."""
    for name in sorted({name.strip() for name in names if name.strip()}, key=len, reverse=True):
        if _HAN.search(name):
            for shown in names_zh.forms(name):
                for match in re.finditer(re.escape(shown), text):
                    yield Identifier(Kind.PERSON, match.start(), match.end(), "known name", 2)
            continue
        if len(name) > 3:
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
                yield Identifier(Kind.PERSON, match.start(), match.end(), "known name", 2)
        for part in _telling_parts(name):
            pattern = rf"(?<![\w@.])(?:{re.escape(part)}|{re.escape(part.upper())})(?![\w@])"
            for match in re.finditer(pattern, text):
                if not names_en.is_eponym(text, match.end()):
                    yield Identifier(Kind.PERSON, match.start(), match.end(), "part of a known name")


def _telling_parts(name: str) -> list[str]:
    """The words of a name that point to the person by themselves."""
    parts = []
    for part in _PART.findall(name):
        word = look_up(part)
        shown = part if not part.isupper() else part.capitalize()
        if len(part) > 2 and word.may_be_name and part.lower() not in clinical_words():
            parts.append(shown)
    return parts

"""All identifiers of one text: every recogniser, then each found name wherever else it stands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from tools.deid import names_en, names_zh
from tools.deid.ages import OLDEST_AGE_SHOWN_YEARS, find_ages
from tools.deid.contacts import find_contacts, of_no_person
from tools.deid.dates import find_dates
from tools.deid.dictionary import clinical_words, look_up
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind, settle
from tools.deid.initials import find_initials
from tools.deid.letters import find_correspondents
from tools.deid.placed import find_placed, with_initials
from tools.deid.places import find_places
from tools.deid.printed import find_printed
from tools.deid.strangers import find_strangers
from tools.deid.towns import find_towns, towns_after
from tools.deid.widening import joined, widened

MAX_CHARACTERS = 4_000_000
_HAN = re.compile(r"[\u4e00-\u9fff]")
# The end of a long line without a mark, before a line that begins with a letter.
_WRAP = re.compile(r"(?<=[^\n]{55}[^\s.:;!?|=])\n(?=[^\W\d_])")
_LETTERS = re.compile(r"[^\W_]+")
_INSIDE_BEFORE, _INSIDE_AFTER = re.compile(r"[^\W_]$|[@.]$"), re.compile(r"[^\W_]|@")
_PART = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


def find_identifiers(text: str, known_names: Iterable[str] = (), today: dt.date | None = None) -> list[Identifier]:
    """The identifiers of `text`, in order, not overlapping.

    Args:
        text: English, Chinese or both; at most `MAX_CHARACTERS` characters.
        known_names: persons' names known from elsewhere in the case (a FHIR Patient, a DICOM header, another note);
            they and their parts are found wherever they stand.
        today: the day that ages are counted to, for years of birth; by default today.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a text has at most {MAX_CHARACTERS} characters")
    lines = _unwrapped(text)
    found = [*names_en.find_names(lines), *find_contacts(text), *find_places(text), *_dates(text)]
    found += find_ages(text, (today or dt.date.today()).year - OLDEST_AGE_SHOWN_YEARS - 1)
    found += [*find_strangers(lines), *find_towns(lines), *find_correspondents(text), *find_printed(text)]
    found += [*find_initials(text), *find_placed(lines)]
    if _HAN.search(text):
        found += names_zh.find_names(text)
    settled = settle([*found, *_by_line(text, found)])
    settled = settle([*settled, *towns_after(text, settled), *joined(lines, settled)])
    settled = settle([*settled, *with_initials(text, settled)])
    wide = list(widened(lines, settled))
    settled = settle([*settled, *wide, *_by_line(text, wide)])
    known = [*known_names, *(item.text(text) for item in settled if item.kind is Kind.PERSON and item.strength > 1)]
    names = [item.text(text) for item in settled if item.kind is Kind.PERSON]
    return settle([*settled, *_repeated(text, [*known, *names], frozenset(known))])


def person_names(text: str) -> list[str]:
    """The persons' names of `text`, as written."""
    return [item.text(text) for item in find_identifiers(text) if item.kind is Kind.PERSON]


def _by_line(text: str, found: Iterable[Identifier]) -> Iterator[Identifier]:
    """The parts of names that a line end cuts: what stands on the next line can turn out to be a hospital."""
    for item in found:
        if item.kind is Kind.PERSON and "\n" in item.text(text):
            start = item.start
            for part in item.text(text).split("\n"):
                if len(part) > 1:
                    yield Identifier(Kind.PERSON, start, start + len(part), item.rule, item.strength)
                start += len(part) + 1


def _unwrapped(text: str) -> str:
    """The text with a blank for each line end that only wraps a sentence, so that a name is not cut in two."""
    return _WRAP.sub(" ", text)


def _dates(text: str) -> Iterator[Identifier]:
    for span in find_dates(text):
        if text[span.start : span.end].isdigit() and of_no_person(text, span.start):
            continue
        yield Identifier(Kind.DATE, span.start, span.end, "date", 1)


def _repeated(text: str, names: Iterable[str], surely: frozenset[str]) -> Iterator[Identifier]:
    """Whole names and their telling parts, wherever they stand again; in small letters too where the name is sure."""
    places: dict[str, list[int]] = {}
    for word in _LETTERS.finditer(text):
        places.setdefault(word[0].lower(), []).append(word.start())
    parts: dict[str, bool] = {}  # each once, however many names share it: whether one of them is sure
    for name in {name.strip() for name in names if name.strip()}:
        if _HAN.search(name):
            for shown in names_zh.forms(name):
                for match in re.finditer(re.escape(shown), text):
                    yield Identifier(Kind.PERSON, match.start(), match.end(), "known name", 2)
            continue
        if len(name) > 3 and (name in surely or " " in name):
            for start, end in _standing(text, places, name):
                yield Identifier(Kind.PERSON, start, end, "known name", 2)
        for part in _telling_parts(name):
            parts[part] = parts.get(part, False) or name in surely
    for part, sure in parts.items():
        forms = {part, part.upper()} | ({part.lower()} if sure and not look_up(part).ordinary else set())
        for start, end in _standing(text, places, part):
            if text[start:end] in forms and not is_eponym(text, end):
                yield Identifier(Kind.PERSON, start, end, "part of a known name", 2 if sure else 1)


def _standing(text: str, places: dict[str, list[int]], shown: str) -> Iterator[tuple[int, int]]:
    """Where `shown` stands as whole words, in any case of letters."""
    first = _LETTERS.search(shown)
    small = shown.lower()
    for place in places.get(first[0].lower(), ()) if first is not None else ():
        start = place - (first.start() if first is not None else 0)
        end = start + len(shown)
        if start < 0 or text[start:end].lower() != small:
            continue
        if not _INSIDE_BEFORE.search(text, max(0, start - 1), start) and not _INSIDE_AFTER.match(text, end):
            yield start, end


def _telling_parts(name: str) -> list[str]:
    """The words of a name that point to the person by themselves."""
    parts = []
    for part in _PART.findall(name):
        word = look_up(part)
        shown = part if not part.isupper() else part.capitalize()
        if len(part) > 2 and word.may_be_name and part.lower() not in clinical_words():
            parts.append(shown)
    return parts

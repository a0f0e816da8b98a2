"""A note cut into sections and sentences, with exact character offsets."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml

LEXICON = Path(__file__).parent / "lexicon"
_HEADING_MARK = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*|\[)?[ \t]*(?P<name>[^\n:：#*\]]{1,60})(?:\*\*|\])?[ \t]*(?P<colon>[:：])?", re.M
)
_LONGEST = 2000
_BULLET = re.compile(r"^\s*(?:[-*•·▪]|\d{1,2}[.)])\s+\S")
_END = re.compile(
    r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|(?<=[。！？；])|(?<=;)\s+|(?<=[a-z)\]]\.)(?=[A-Z][a-z])|\n"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|vs|e\.g|i\.e|Fig|No|approx|St|etc|al|resp|temp|max|min|wt|ht|cf|ca)|\b[A-Z]|\d)\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 40  # characters, the word before it included
# A capital that ends a unit or a type, not an initial: `62 µmol/L.`, `37.5 °C.`, `hepatitis C.`
_NO_INITIAL = re.compile(
    r"(?:[/°º˚]\s?|\d\s?|\b(?:hepatitis|vitamin|type|grade|class|group|factor|Child(?:-Pugh)?|protein|blood)\s+)[A-Z]\.$",
    re.I,
)
_DATE = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})(?!\d)|"
    r"(?<!\d)(?P<m2>\d{1,2})[/-](?P<d2>\d{1,2})[/-](?P<y2>(?:19|20)\d{2})(?!\d)|"
    r"\b(?P<mw>(?-i:[A-Z])[a-z]{2,8})\.?\s+(?P<dw>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<yw>(?:19|20)\d{2})(?!\d)|"
    r"(?<!\d)(?P<dv>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?P<mv>(?-i:[A-Z])[a-z]{2,8})\.?,?[\s-]+"
    r"(?P<yv>(?:19|20)\d{2})(?!\d)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def lexicon(name: str) -> dict[str, Any]:
    """One file of the lexicon, read once."""
    return _lexicon(name)


@lru_cache(maxsize=16)
def _lexicon(name: str) -> dict[str, Any]:
    data: dict[str, Any] = load_yaml(LEXICON / f"{name}.yaml")
    return data


@lru_cache(maxsize=1)
def _headings() -> dict[str, str]:
    return {heading: kind for kind, names in lexicon("sections").items() for heading in names}


@dataclass(frozen=True)
class Section:
    """A part of the note under one heading; `date` is a date that the heading names."""

    kind: str
    start: int
    end: int
    date: dt.date | None = None


@dataclass(frozen=True)
class Sentence:
    """Characters `start` to `end` of the note, and the section that they lie in."""

    start: int
    end: int
    section: Section


@dataclass(frozen=True, eq=False)
class Document:
    """A note ready for reading. `text` is the `original` with a space for each line break inside of a sentence, and
    with words in which two letters changed places as they were meant."""

    original: str
    text: str
    language: str
    date: dt.date | None
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]

    def sentence_at(self, position: int) -> Sentence:
        """The sentence that holds a character."""
        return self.sentences[max(0, bisect_right(self._starts, position) - 1)]

    @cached_property
    def _starts(self) -> list[int]:
        return [sentence.start for sentence in self.sentences]

    def words(self, sentence: Sentence) -> str:
        """The text of a sentence."""
        return self.text[sentence.start : sentence.end]


def read(text: str, language: str = "en", date: dt.date | None = None) -> Document:
    """Cut a note into sections and sentences."""
    from tools.notes.flowsheet import last_columns
    from tools.notes.spelling import corrected

    plain = last_columns(_LONG_RUN.sub(_broken, _NUMBER_SIGN.sub(_number_sign, corrected(text))))
    sections = _sections(plain)
    sentences = [s for section in sections for s in _sentences(plain, section)]
    return Document(text, _joined(plain, sentences), language, date, tuple(sections), tuple(sentences))


# `NHS no. 943 476 5919` and `hospital no 77-31` deny nothing.
_NUMBER_SIGN = re.compile(
    r"(?<=[A-Za-z]\s)no(?=[.:]\s*[A-Z]{0,4}[-/]?\d{2})|"
    r"(?P<of>\b(?:NHS|MRN|ref|hospital|case|file|accession|specimen|patient|account|contact|insurance|record|chart|phone|"
    r"tel|lab|room|bed|unit)\s)no(?=\s+[A-Z]{0,4}[-/]?\d)",
    re.I,
)


def _number_sign(found: re.Match[str]) -> str:
    return f"{found['of'] or ''}Nr"


# Digits and signs in runs longer than any that is written on purpose; rules with several `\s*` or `\d+` in a row would
# try all ways of sharing them out.
_LONG_RUN = re.compile(r"\d{25,}|[\W_]{49,}")
_KEPT_OF_RUN = 24


def _broken(run: re.Match[str]) -> str:
    """The run with bars and single spaces after its first signs, of the same length."""
    length = len(run[0])
    return (run[0][:_KEPT_OF_RUN] + "¦ " * length)[:length]


def _joined(text: str, sentences: list[Sentence]) -> str:
    pieces, at = [], 0
    for sentence in sentences:
        inside = re.sub(r"\n(?!\s*\n)", " ", text[sentence.start : sentence.end])
        pieces += [text[at : sentence.start], inside]
        at = sentence.end
    return "".join([*pieces, text[at:]])


def _sections(text: str) -> list[Section]:
    marks: list[tuple[int, str, dt.date | None]] = []
    for match in _HEADING_MARK.finditer(text):
        line_end = text.find("\n", match.end())
        line = text[match.start() : line_end if line_end >= 0 else len(text)]
        name = re.sub(r"\s*[(（].*", "", match["name"]).strip(" -*_").casefold()
        marked = line.lstrip().startswith(("#", "**", "["))
        if not match["colon"] and not marked and line.strip().casefold() != name:
            continue
        kind = _headings().get(name)
        if kind is None and marked and line.lstrip().startswith("#"):
            kind = next((k for h, k in _headings().items() if len(h) > 4 and h in name), "other")
        if kind is not None:
            marks.append((match.start(), kind, first_date(line)))
    made = []
    if not marks or marks[0][0] > 0:
        made.append(Section("other", 0, marks[0][0] if marks else len(text)))
    ends = [start for start, _, _ in marks[1:]] + [len(text)]
    for (start, kind, date), end in zip(marks, ends, strict=False):
        stop = _end_of_paragraph(text, start, end, kind)
        made.append(Section(kind, start, stop, date))
        if stop < end:
            made.append(Section("other", stop, end))
    return made


# A heading with its text on the same line (`Allergies: none.`) is of that paragraph.
_INLINE_HEADING = re.compile(r"[^\S\n]*[^\n:：]{1,40}[:：][^\S\n]*[^\s]")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n")


# Lists of drugs and of relatives that begin beside their heading also end at a line with another label
# (`Question: ...`), and relatives at a line after a full stop that names none.
_KIN = (
    r"mother|mum|mom|father|dad|parents?|brothers?|sisters?|siblings?|sons?|daughters?|child\w*|grand\w+|aunts?|uncles?|"
    r"cousins?|nephews?|nieces?|maternal|paternal|family|relatives?"
)
# Abbreviated headings that notes write without a colon.
_BARE_HEADING = r"(?:PMHx?|PSHx?|DHx?|FHx?|SHx?|HPC|O/E|BG|Meds|Bloods|Obs|Plan|SHO|Reg)\b"
_NEXT_LABEL = {
    "allergies": re.compile(rf"\n(?=[^\S\n]*{_BARE_HEADING})"),
    "medications": re.compile(r"\n(?=(?![^\n:]*\d)[A-Z][A-Za-z /]{2,30}: \S)"),
    "family": re.compile(
        rf"\n(?=(?!(?i:{_KIN})\b)[A-Z][A-Za-z /]{{2,30}}: \S)|[.。]\n(?=[^\S\n]*[^\W\d])(?![^\n]*\b(?i:{_KIN})\b)"
    ),
}


def _end_of_paragraph(text: str, start: int, end: int, kind: str) -> int:
    """Where a section ends: at the first blank line where its heading has text beside it, else at `end`."""
    if not _INLINE_HEADING.match(text, start, end):
        return end
    blank = _PARAGRAPH_END.search(text, start, end)
    stop = blank.end() if blank and text[blank.end() : end].strip() else end
    label = _NEXT_LABEL[kind].search(text, start, stop) if kind in _NEXT_LABEL else None
    return label.end() if label else stop


def _sentences(text: str, section: Section) -> list[Sentence]:
    found, start = [], section.start
    for match in _END.finditer(text, section.start, section.end):
        at = match.end()
        before = text[start : match.start()]
        if match[0] == "\n" and not before.rstrip().endswith((".", "!", "?")):
            if not _line_ends(text, match.start(), at, section.end):
                continue
        elif match[0].strip() == "" and before.endswith(".") and _is_abbreviation(before):
            continue
        if before.strip():  # with the quotation marks and brackets that close after its stop
            found.append(Sentence(start, match.start() + len(match[0].rstrip()), section))
        start = at
    if text[start : section.end].strip():
        found.append(Sentence(start, section.end, section))
    return [piece for sentence in _under_inline_headings(text, found) for piece in _pieces(text, sentence)]


_INLINE = re.compile(r"[\s\-*•]*(?P<name>[^\d\W][\w ]{1,24}?)\s*[:：]")


def _under_inline_headings(text: str, found: list[Sentence]) -> list[Sentence]:
    """Sentences that begin with a heading (`Allergies: trimethoprim - rash.`) are of that section, to the full stop."""
    made: list[Sentence] = []
    inline: Section | None = None
    for sentence in found:
        words = text[sentence.start : sentence.end]
        match = _INLINE.match(words)
        kind = _headings().get(match["name"].strip().casefold()) if match else None
        held = (inline or sentence.section).kind
        if match and kind is None and held == "allergies" and not _is_allergen(match["name"]):
            kind = "other"
        if kind is not None and kind != sentence.section.kind and sentence.start > sentence.section.start:
            inline = Section(kind, sentence.start, sentence.end, first_date(words) or sentence.section.date)
        elif not (made and inline is not None and _goes_on(text[made[-1].start : sentence.start], inline, sentence)):
            inline = None
        made.append(Sentence(sentence.start, sentence.end, inline or sentence.section))
    return made


def _goes_on(before: str, inline: Section, sentence: Sentence) -> bool:
    """Whether a sentence without a heading is still under the inline one before it: after a semicolon, or where that
    ended a list of allergies."""
    left = inline.kind == "other" and sentence.section.kind == "allergies"
    return left or before.rstrip().endswith((";", "；"))


def _is_allergen(label: str) -> bool:
    """Whether a label is a drug: `Allergies: none. Penicillin: rash.` goes on, `... Weight: 70 kg.` does not."""
    return any(vocabulary().find(prefix, label) for prefix in ("medication.", "allergy."))


def _pieces(text: str, sentence: Sentence) -> list[Sentence]:
    """A sentence of at most `_LONGEST` characters, cut at spaces where it is longer."""
    made, start = [], sentence.start
    while sentence.end - start > _LONGEST:
        cut = text.rfind(" ", start + 1, start + _LONGEST)
        cut = cut if cut > start else start + _LONGEST
        made.append(Sentence(start, cut, sentence.section))
        start = cut
    return [*made, Sentence(start, sentence.end, sentence.section)]


def _is_abbreviation(before: str) -> bool:
    before = before[-_LONGEST_ABBREVIATION:]
    match = _ABBREVIATION.search(before)
    if _NO_INITIAL.search(before):
        return False
    return match is not None and not before[match.start() : match.end() - 1].isdigit()


def _line_ends(text: str, stop: int, following: int, limit: int) -> bool:
    """Whether a line break ends a sentence: a blank line, a list, a heading, or a short line."""
    rest = text[following:limit]
    if not rest.strip() or rest.lstrip(" \t").startswith(("\n", "#", "|")) or _BULLET.match(rest):
        return True
    line = text[text.rfind("\n", 0, stop) + 1 : stop]
    if line.rstrip().endswith((":", "：")):
        return not re.match(r"\s*[<>]?\d", rest)  # a label, and its value on the next line
    if line.lstrip().startswith(("#", "|")):
        return True
    return len(line.strip()) < 60 and not line.rstrip().endswith(
        (",", "，", "、", "and", "or", "the", "of", "with", "to")
    )


def first_date(text: str) -> dt.date | None:
    """The first full date written in a text (ISO, Chinese, month/day/year, or with the month in words)."""
    found = date_in(text)
    return found[0] if found else None


def date_in(text: str) -> tuple[dt.date, int, int] | None:
    """The first full date of a text, and the characters that say it."""
    for match in _DATE.finditer(text):
        g = match.groupdict()
        year = g["y"] or g["y2"] or g["yw"] or g["yv"]
        month = g["m"] or g["m2"] or _month(g["mw"] or g["mv"] or "")
        day = g["d"] or g["d2"] or g["dw"] or g["dv"]
        try:
            return dt.date(int(year), int(month), int(day)), match.start(), match.end()
        except ValueError:
            continue
    return None


def _month(word: str) -> int:
    short = word[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0

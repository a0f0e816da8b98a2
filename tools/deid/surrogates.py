"""Surrogates: the same identifier gets the same stand-in through a whole case, and the physician gets it back.

Persons, places, numbers become `[PERSON-1]`, `[HOSPITAL-2]`, `[ID-3]` …; dates move by one secret number of weeks, so
that intervals and days of the week survive; an age over 89 becomes `90+`; a date of birth that would give such an age
away becomes `[DATE-1]`. Without the map (`Surrogates.to_json`) nothing leads back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from knowledge.errors import BadInput
from tools.deid.ages import OLDEST_AGE_SHOWN_YEARS, OVER
from tools.deid.dates import DateSpan, find_dates
from tools.deid.find import find_identifiers
from tools.deid.ground import Ground
from tools.deid.identifiers import Identifier, Kind

FORMAT = "consilium-surrogates/1"
_LEAST_WEEKS, _MOST_WEEKS = 4, 51
_TOKEN = re.compile(r"\[?\b(?:PERSON|HOSPITAL|ADDRESS|DATE|PHONE|EMAIL|URL|IP|ID)-\d{1,6}[a-z]?\b\]?")
_ANY_TOKEN = re.compile(r"\[(?:PERSON|HOSPITAL|ADDRESS|DATE|PHONE|EMAIL|URL|IP|ID)-\d{1,6}[a-z]?\]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _words(name: str) -> frozenset[str]:
    """The words of a name that are more than an initial, in small letters."""
    return frozenset(word for word in re.findall(r"[^\W\d_]{2,}", name.lower())) or frozenset({name.lower()})


@dataclass
class Surrogates:
    """The stand-ins of one case.

    Attributes:
        key: secret of the case, 32 bytes; it fixes the shift of dates and the new UIDs.
        today: the day that ages are counted to, for dates of birth.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    today: dt.date = field(default_factory=dt.date.today)
    _stand_ins: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _ages: list[str] = field(default_factory=list, repr=False)
    names: set[str] = field(default_factory=set, repr=False)

    @property
    def shift(self) -> dt.timedelta:
        """How far dates move: back by 4 to 51 whole weeks."""
        number = int.from_bytes(hmac.digest(self.key, b"date shift", "sha256")[:4], "big")
        return -dt.timedelta(weeks=_LEAST_WEEKS + number % (_MOST_WEEKS - _LEAST_WEEKS + 1))

    def new_uid(self, uid: str) -> str:
        """A DICOM UID under 2.25 that depends on the old one and the case's secret only (PS3.5 B.2)."""
        number = int.from_bytes(hmac.digest(self.key, b"uid " + uid.encode(), hashlib.sha256)[:16], "big")
        return f"2.25.{number}"

    def of(self, kind: Kind, text: str) -> str:
        """The stand-in of one identifier that is not a date or an age."""
        wanted = (kind.value, " ".join(text.split()))
        if wanted not in self._stand_ins:
            self._stand_ins[wanted] = self._another_form(wanted[1]) if kind is Kind.PERSON else ""
        if not self._stand_ins[wanted]:
            numbers = {stand_in.rstrip("]").rstrip(_LETTERS) for stand_in in self._stand_ins.values()}
            number = sum(stand_in.startswith(f"[{kind.value.upper()}-") for stand_in in numbers) + 1
            self._stand_ins[wanted] = f"[{kind.value.upper()}-{number}]"
        return self._stand_ins[wanted]

    def _another_form(self, name: str) -> str:
        """The stand-in of a person already met whose name shares its words with `name`: `[PERSON-1b]`; else empty."""
        words = _words(name)
        bases = {
            stand_in.rstrip("]").rstrip(_LETTERS)
            for (kind, known), stand_in in self._stand_ins.items()
            if kind == Kind.PERSON.value and stand_in and (words <= _words(known) or _words(known) <= words)
        }
        if len(bases) != 1:
            return ""
        base = bases.pop()
        forms = sum(stand_in.rstrip("]").rstrip(_LETTERS) == base for stand_in in self._stand_ins.values())
        return f"{base}{_LETTERS[forms]}]" if forms < len(_LETTERS) else ""

    def know(self, names: Iterable[str]) -> None:
        """Persons' names known from elsewhere: they are found wherever they stand."""
        self.names.update(name.strip() for name in names if len(name.strip()) > 1)

    def adopt(self, text: str) -> None:
        """What another process gave out with a copy of this map, as its `to_json` wrote it."""
        other = Surrogates.from_json(text)
        self._stand_ins |= other._stand_ins
        self._ages += other._ages[len(self._ages) :]
        self.names |= other.names

    def hide(self, text: str) -> str:
        """`text` with every identifier replaced."""
        made, place = [], 0
        dates = {(span.start, span.end): span for span in find_dates(text)}
        for item in self.find(text):
            made += [text[place : item.start], self._stand_in(item.text(text), item, dates)]
            place = item.end
        return "".join([*made, text[place:]])

    def find(self, text: str) -> list[Identifier]:
        """The identifiers of `text` that are not stand-ins already; names are remembered for the other texts."""
        given_out = Ground(match.span() for match in _ANY_TOKEN.finditer(text))
        found = [
            item for item in find_identifiers(text, self.names, self.today) if given_out.is_free(item.start, item.end)
        ]
        self.know(item.text(text) for item in found if item.kind is Kind.PERSON and item.strength > 1)
        return found

    def _stand_in(self, shown: str, item: Identifier, dates: dict[tuple[int, int], DateSpan]) -> str:
        if item.kind is Kind.AGE:
            self._ages.append(shown)
            return OVER
        if item.kind is Kind.DATE:
            span = dates.get((item.start, item.end))
            return self._moved(span, shown) if span is not None else self.of(Kind.DATE, shown)
        return self.of(item.kind, shown)

    def _moved(self, span: DateSpan, shown: str) -> str:
        if span.has_year and span.day.year < self.today.year - OLDEST_AGE_SHOWN_YEARS:
            return self.of(Kind.DATE, shown)
        return span.moved(self.shift)

    def restore(self, text: str) -> str:
        """`text`, written about the case with stand-ins, with what they stand for.

        Dates are moved back; a stand-in that was never given out stays as it is.
        """
        back = {stand_in: original for (_, original), stand_in in self._stand_ins.items()}

        def original(match: re.Match[str]) -> str:
            return back.get("[" + match[0].strip("[]") + "]", match[0])

        made, place = [], 0
        given_out = Ground(match.span() for match in _TOKEN.finditer(text))
        for span in find_dates(text):
            if given_out.is_free(span.start, span.end):
                made += [text[place : span.start], span.moved(-self.shift)]
                place = span.end
        text = "".join([*made, text[place:]])
        if len(set(self._ages)) == 1:
            text = re.sub(rf"(?<!\d){re.escape(OVER)}", self._ages[0], text)
        return _TOKEN.sub(original, text)

    def to_json(self) -> str:
        """The map, to keep apart from the de-identified case and as safe as the case itself."""
        body = {
            "format": FORMAT,
            "key": self.key.hex(),
            "today": self.today.isoformat(),
            "stand_ins": [[kind, text, stand_in] for (kind, text), stand_in in self._stand_ins.items()],
            "ages": self._ages,
            "names": sorted(self.names),
        }
        return json.dumps(body, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, file: str = "the map") -> Surrogates:
        """The map as `to_json` wrote it.

        Raises:
            BadInput: it is something else.
        """
        try:
            body = json.loads(text)
            if body["format"] != FORMAT:
                raise ValueError("format")
            made = cls(bytes.fromhex(body["key"]), dt.date.fromisoformat(body["today"]))
            made._stand_ins = {(str(kind), str(old)): str(new) for kind, old, new in body["stand_ins"]}
            made._ages = [str(age) for age in body["ages"]]
            made.names = {str(name) for name in body["names"]}
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                file, "the whole file", "it is not a map of surrogates", f"JSON of format {FORMAT}"
            ) from None
        return made

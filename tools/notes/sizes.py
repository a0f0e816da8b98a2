"""Sizes as notes write them: `12 x 9 mm`, `3.2 cm`, `1.2 cm by 9 mm`, `8-mm`, `12毫米×9毫米`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Unit = Literal["mm", "cm"]
# A unit that goes on is of something else: an area, a volume, a pressure, a speed.
UNIT = (
    r"(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?|毫米|厘米|公分|㎜|㎝)"
    r"(?!(?!x\s*\d)[A-Za-z0-9²³^/]|\s*(?:H[2₂]O|Hg)|汞柱|水柱)"
)
_NUMBER = r"\d{1,3}(?:\.\d+)?"
_TIMES = r"\s*(?:[x×*✕✖乘]|by(?=\s))\s*"
_SIZE = re.compile(
    rf"(?<![\d.])(?P<a>{_NUMBER})(?:[\s-]*(?P<ua>{UNIT}))?"
    rf"(?:{_TIMES}(?P<b>{_NUMBER})(?![\d.]*\d)(?:[\s-]*(?P<ub>{UNIT}))?)?"
    rf"(?:{_TIMES}(?P<c>{_NUMBER})(?![\d.]*\d)(?:[\s-]*(?P<uc>{UNIT}))?)?",
    re.I,
)
_MM_IN: dict[Unit, float] = {"mm": 1.0, "cm": 10.0}


class Size(NamedTuple):
    """A size of one to three diameters, in the order in which they stand, and where it stands in the text.

    Attributes:
        numbers: the diameters in `unit`.
        unit: the unit as written; the last one where several are written.
    """

    numbers: tuple[float, ...]
    unit: Unit
    start: int
    end: int

    @property
    def longest(self) -> int | float:
        """The largest diameter, in `unit`."""
        return whole(max(self.numbers))

    @property
    def longest_mm(self) -> int | float:
        """The largest diameter, in millimetres."""
        return whole(round(max(self.numbers) * _MM_IN[self.unit], 3))

    @property
    def mean(self) -> int | float:
        """The mean of the first two diameters, or the only one, in `unit`, to a tenth of a millimetre."""
        first = self.numbers[:2]
        return whole(round(sum(first) / len(first), {"mm": 1, "cm": 2}[self.unit]))


def sizes(text: str, start: int = 0, end: int | None = None) -> Iterator[Size]:
    """Every size in `text[start:end]`; places are those in `text`.

    Numbers after the last unit are no diameters: two polyps are written `5 mm x 2`.
    """
    for match in _SIZE.finditer(text, start, len(text) if end is None else end):
        last = next((letter for letter in "cba" if match[f"u{letter}"]), None)
        if last is not None:
            unit = unit_of(match[f"u{last}"])
            letters = [letter for letter in "abc" if match[letter] and letter <= last]
            yield Size(tuple(_diameters(match, letters, unit)), unit, match.start(), match.end(f"u{last}"))


def first_size(text: str, start: int = 0, end: int | None = None) -> Size | None:
    """The first of `sizes`."""
    return next(sizes(text, start, end), None)


def _diameters(match: re.Match[str], letters: list[str], unit: Unit) -> Iterator[float]:
    """The numbers in `unit`; one without a unit of its own has that of the next number."""
    units: list[Unit] = []
    own = unit
    for letter in reversed(letters):
        own = unit_of(match[f"u{letter}"]) if match[f"u{letter}"] else own
        units.insert(0, own)
    for letter, its in zip(letters, units, strict=True):
        number = float(match[letter])
        yield number if its == unit else round(number * _MM_IN[its] / _MM_IN[unit], 3)


def unit_of(written: str) -> Unit:
    """`mm` or `cm` for a unit as it is written."""
    return "cm" if written.lower().startswith(("c", "厘", "公", "㎝")) else "mm"


def millimetres(number: str, unit: str) -> int | float:
    """A number with its unit as written, in millimetres."""
    return whole(round(float(number) * _MM_IN[unit_of(unit)], 3))


def whole(value: float) -> int | float:
    """An int where there is nothing after the point."""
    return int(value) if float(value).is_integer() else value

"""One reader of sizes stands behind nodules, thyroid, masses, tumours, lumps and liver lesions."""

from __future__ import annotations

import pytest

from tools.notes.sizes import first_size, millimetres, sizes

READ = {
    "12 x 9 mm": ((12, 9), "mm"),
    "12 × 9 × 7mm": ((12, 9, 7), "mm"),
    "7mmx6mm": ((7, 6), "mm"),
    "12 mm x 9 mm x 7 mm": ((12, 9, 7), "mm"),
    "45 X 30 毫米": ((45, 30), "mm"),
    "12毫米×9毫米": ((12, 9), "mm"),
    "1.2×0.9cm": ((1.2, 0.9), "cm"),
    "1.2 cm by 9 mm": ((12, 9), "mm"),
    "21 x 1.8 cm": ((21, 1.8), "cm"),
    "an 8-mm nodule": ((8,), "mm"),
    "3.2 cm": ((3.2,), "cm"),
    "约5厘米肿块": ((5,), "cm"),
    "3公分": ((3,), "cm"),
    "6 millimetres": ((6,), "mm"),
    "1.5 centimeter": ((1.5,), "cm"),
    "3-5 mm": ((5,), "mm"),
    "polyps 5 mm x 2": ((5,), "mm"),
}
OF_SOMETHING_ELSE = (
    "ESR 25 mm/h",
    "blood pressure 120/80 mmHg",
    "120/80 mm Hg",
    "血压120/80毫米汞柱",
    "PEEP 5 cm H2O",
    "CVP 8 cmH2O",
    "volume 250 mm3",
    "volume 250 mm³",
    "area 12 cm²",
    "growth of 2 mm/year",
    "2 x 1.5",
    "version 1.2.3 cm",
    "1234 mm",
)


@pytest.mark.parametrize("text", READ)
def test_a_size_is_read_as_it_is_written(text: str) -> None:
    numbers, unit = READ[text]
    found = first_size(text)
    assert found is not None
    assert (found.numbers, found.unit) == (numbers, unit)


@pytest.mark.parametrize("text", OF_SOMETHING_ELSE)
def test_a_length_of_something_else_is_no_size(text: str) -> None:
    assert list(sizes(text)) == []


def test_a_size_tells_where_it_stands() -> None:
    text = "The mass (3.1 x 2.0 cm) was 12 mm in May."
    assert [text[found.start : found.end] for found in sizes(text)] == ["3.1 x 2.0 cm", "12 mm"]
    later = first_size(text, text.index("was"))
    assert later is not None
    assert text[later.start : later.end] == "12 mm"


def test_longest_and_mean_are_to_a_tenth_of_a_millimetre() -> None:
    found = first_size("0.9 x 0.6 cm")
    assert found is not None
    assert (found.longest, found.longest_mm, found.mean) == (0.9, 9, 0.75)
    assert millimetres("0.6", "厘米") == 6

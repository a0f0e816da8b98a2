"""Stand-ins are consistent, dates keep their intervals, and the map leads back."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadInput
from tools.deid.dates import find_dates
from tools.deid.surrogates import Surrogates

NOTE = (
    "Patient Name: Carver, Anna M.  MRN: 00482913\nSeen on November 3, 2025 by Dr. Luis Ortega at Mayo Clinic. "
    "Ms. Carver was well on 2025-10-20 and in March 2019. Tel (217) 555-0143. 复查 2025年12月1日。"
)


def _surrogates(number: int = 1) -> Surrogates:
    return Surrogates(bytes([number % 256]) * 32, dt.date(2025, 11, 3))


def test_no_identifier_stays_and_the_map_leads_back() -> None:
    surrogates = _surrogates()
    hidden = surrogates.hide(NOTE)
    for secret in ("Carver", "Anna", "00482913", "Ortega", "Mayo", "555-0143", "November 3", "2025-10-20"):
        assert secret not in hidden
    assert Surrogates.from_json(surrogates.to_json()).restore(hidden) == NOTE


def test_forms_of_one_name_share_a_number_and_other_persons_have_another() -> None:
    hidden = _surrogates().hide(NOTE)
    assert re.search(r"\[PERSON-1\].*\[PERSON-2\].*\[PERSON-1b\]", hidden, re.DOTALL)


@pytest.mark.parametrize("number", range(0, 250, 25))
def test_intervals_and_days_of_the_week_survive(number: int) -> None:
    surrogates = _surrogates(number)
    days = [span.day for span in find_dates(surrogates.hide("From 2025-03-03 to 4/9/2025, then May 5, 2025."))]
    assert [b - a for a, b in pairwise(days)] == [dt.timedelta(37), dt.timedelta(26)]
    assert days[0].weekday() == dt.date(2025, 3, 3).weekday()
    assert dt.timedelta(weeks=-51) <= surrogates.shift <= dt.timedelta(weeks=-4)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)), st.integers(0, 255))
def test_a_date_in_any_form_comes_back(day: dt.date, number: int) -> None:
    surrogates = _surrogates(number)
    for shown in (
        day.isoformat(),
        f"{day:%m/%d/%Y}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day:%m}/{day.year}",
    ):
        hidden = surrogates.hide(f"on {shown} she")
        assert shown not in hidden
        assert surrogates.restore(hidden) == f"on {shown} she"


def test_an_age_over_89_and_the_birth_date_that_tells_it_are_capped() -> None:
    surrogates = _surrogates()
    hidden = surrogates.hide("A 94-year-old woman, DOB 03/14/1931, widow.")
    assert "90+-year-old" in hidden
    assert "1931" not in hidden
    assert surrogates.restore(hidden) == "A 94-year-old woman, DOB 03/14/1931, widow."


def test_a_year_of_birth_is_hidden_only_where_it_tells_an_age_over_89() -> None:
    hidden = _surrogates().hide("Mother born in 1935, father born in 1936; son born in 1960.")
    assert hidden == "Mother born in [DATE-1], father born in 1936; son born in 1960."


def test_hiding_twice_changes_nothing_more() -> None:
    surrogates = _surrogates()
    once = surrogates.hide("Name: Anna Lowe, MRN: 8812734")
    assert surrogates.hide(once) == once


def test_uids_are_mapped_alike_within_a_case_and_differently_between_cases() -> None:
    assert _surrogates(1).new_uid("1.2.3") == _surrogates(1).new_uid("1.2.3")
    assert _surrogates(1).new_uid("1.2.3") != _surrogates(2).new_uid("1.2.3")
    assert len(_surrogates(1).new_uid("1.2.3")) <= 64


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other"}', '{"format": "consilium-surrogates/1"}'])
def test_another_file_is_no_map(text: str) -> None:
    with pytest.raises(BadInput, match="map of surrogates"):
        Surrogates.from_json(text)

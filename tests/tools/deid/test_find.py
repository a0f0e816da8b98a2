"""Identifiers are found in English and Chinese text, and medicine is left alone."""

from __future__ import annotations

import csv
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tools.deid.find import find_identifiers
from tools.deid.unsure import why_unsure

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def _rows() -> list[dict[str, str]]:
    with (GOLDEN / "deid_text.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return [row | {"text": row["text"].replace("\\n", "\n")} for row in rows]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["found"])
def test_an_identifier_is_found_whole_and_of_its_kind(row: dict[str, str]) -> None:
    found = [(item.kind.value, item.text(row["text"])) for item in find_identifiers(row["text"])]
    assert (row["kind"], row["found"]) in found


@pytest.mark.parametrize("text", (GOLDEN / "deid_kept.txt").read_text(encoding="utf-8").splitlines())
def test_medicine_is_no_identifier(text: str) -> None:
    assert [item.text(text) for item in find_identifiers(text)] == []


def test_a_name_met_once_is_found_wherever_it_stands_again() -> None:
    text = "Name: Okonkwo, Adaeze\nOkonkwo walks well. The scan of Adaeze is stable."
    assert [item.text(text) for item in find_identifiers(text)] == ["Okonkwo, Adaeze", "Okonkwo", "Adaeze"]


def test_a_name_known_from_a_header_is_found_in_a_note() -> None:
    text = "zbigniew brz is doing well"
    assert [item.text(text) for item in find_identifiers(text, ["Zbigniew Brz"])] == ["zbigniew brz"]


def test_finds_do_not_overlap() -> None:
    text = "Dr. Anna Lowe, MD, 12 Lowe Street, Lowe Hospital, anna.lowe@example.org, 2025-01-03"
    found = find_identifiers(text)
    assert all(left.end <= right.start for left, right in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "Пациентка 66 лет, жалобы на кашель и одышку в течение двух месяцев.",
        "La patiente présente une toux depuis deux mois avec une perte de poids et une fatigue importante. " * 4,
        "환자는 66세 여성으로 두 달 전부터 기침을 호소하였다.",
    ],
)
def test_a_text_in_another_language_is_not_judged(text: str) -> None:
    assert why_unsure(text)


@pytest.mark.parametrize(
    "text", ["A 66-year-old woman with cough. α-fetoprotein 12 µg/L.", "患者66岁，女性，咳嗽两月。", ""]
)
def test_english_and_chinese_are_judged(text: str) -> None:
    assert why_unsure(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Aa-" * 8000,
        "From: " + "Aa, " * 6000,
        "Aa Bb " * 5000,
        "王" * 9000,
        "Virtanen/" * 3000,
        "lives at Aa " * 3000,
        " " * 200_000,
        "\t" * 200_000,
        "Aa, Bb and " * 4000,
    ],
    ids=lambda text: text[:6],
)
def test_a_long_run_of_one_pattern_is_read_in_seconds(text: str) -> None:
    began = time.process_time()
    find_identifiers(text)
    assert time.process_time() - began < 20


def test_a_name_of_a_header_is_found_in_small_letters_and_in_names_of_files() -> None:
    text = "siobhan's scan is in Halloran_tumour.vcf"
    found = [item.text(text) for item in find_identifiers(text, ["Siobhan Halloran"])]
    assert found == ["siobhan", "Halloran"]


def test_a_given_name_of_two_characters_is_found_without_its_family_name() -> None:
    text = "患者姓名：欧阳晓楠。今日晓楠诉咳嗽减轻。"
    assert [item.text(text) for item in find_identifiers(text)] == ["欧阳晓楠", "晓楠"]


def test_a_name_that_a_line_end_cuts_is_hidden_whole() -> None:
    text = "The result of the repeat sample was given over the phone to Karin\nHaapasalo, who will call the patient."
    assert "Karin\nHaapasalo" in [item.text(text) for item in find_identifiers(text)]

"""Notes of a new tumour that tell of no treatment are read as such, and say that it is assumed."""

from __future__ import annotations

import pytest

from tools.case import Case, Note, Patient
from tools.notes.across import Read
from tools.notes.extract import extract
from tools.notes.untreated import LINES, assumed_untreated

NEW = "Referred with three months of cough. CT: 38 mm lung mass, liver metastases. Biopsy: adenocarcinoma of the lung."


def lines(*texts: str, question: str | None = None) -> list[tuple[object, str | None]]:
    notes = tuple(
        Note(handle=f"note-{n}", title=f"note {n}", text=text, language="zh" if "癌" in text else "en")
        for n, text in enumerate(texts, start=1)
    )
    case = Case(id="c", patient=Patient(id="p"), question=question, notes=notes)
    read = assumed_untreated([Read(note, extract(note.text, note.language)) for note in notes], case)
    return [(f.fact.value, f.assumed) for _, found in read for f in found if f.fact.name == LINES]


def test_a_new_tumour_without_a_word_on_treatment_is_assumed_to_be_untreated() -> None:
    assert lines(NEW) == [(0, "assumed: no earlier cancer treatment is told of")]
    assert lines("体检发现右肺上叶肿物，穿刺病理：肺腺癌，肝转移。") == [
        (0, "assumed: no earlier cancer treatment is told of")
    ]


@pytest.mark.parametrize(
    "told",
    [
        "Progressed on osimertinib in May.",
        "Received four cycles of carboplatin and pemetrexed in 2024.",
        "Recurrence after lobectomy in 2023.",
        "She takes letrozole 2.5 mg.",
        "Second-line options?",
        "Previously treated with chemoradiotherapy.",
        "On immunotherapy since March.",
    ],
)
def test_a_treatment_a_relapse_or_progress_anywhere_leaves_it_open(told: str) -> None:
    assert (0, "assumed: no earlier cancer treatment is told of") not in lines(NEW, told)


def test_what_a_note_says_of_lines_is_not_doubled() -> None:
    assert lines(NEW + " No prior systemic therapy.") == [(0, None)]


def test_a_question_for_the_first_line_is_a_sign_of_a_new_tumour() -> None:
    short = "Adenocarcinoma of the lung with liver metastases, EGFR L858R."
    assert lines(short) == []
    assert lines(short, question="Best first-line treatment?") == [
        (0, "assumed: no earlier cancer treatment is told of")
    ]


def test_without_a_tumour_nothing_is_assumed() -> None:
    assert lines("Referred with cough. CT chest normal.", question="First-line treatment?") == []

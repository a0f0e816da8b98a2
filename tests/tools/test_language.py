"""Which language a message is in, and which it asks for."""

from __future__ import annotations

import pytest

from tools.language import language_asked_for, spoken_language


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("Please answer in English from here on.", "en"),
        ("Switch to Chinese for the draft.", "zh"),
        ("请用中文回答：还能继续观察吗？", "zh"),
        ("请用英文继续。", "en"),
        ("The patient speaks English.", None),
        ("她在中文学校工作。", None),
    ],
)
def test_a_language_is_asked_for_in_so_many_words(message: str, asked: str | None) -> None:
    assert language_asked_for(message) == asked


def test_a_few_names_and_numbers_tell_no_language() -> None:
    assert spoken_language("Osimertinib 80 mg?", "zh") == "zh"
    assert spoken_language("May I give it now?", "zh") == "en"

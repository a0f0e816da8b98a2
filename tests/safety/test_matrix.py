"""Every hazard has a test that shows its control, and docs/SAFETY.md says which."""

from __future__ import annotations

from tests.safety.matrix import PAGE, hazards, marked_tests, page


def test_every_hazard_has_a_test() -> None:
    assert sorted(set(hazards()) - set(marked_tests())) == []


def test_every_mark_names_a_hazard() -> None:
    assert sorted(set(marked_tests()) - set(hazards())) == []


def test_the_page_holds_the_matrix_of_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.safety.matrix --write"

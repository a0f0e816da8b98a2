"""The verifier on whole drafts: sources, quotes, questions, mutants."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.draft import Statement, Verdict
from agent.verify import Verifier, verify
from agent.verify.quantities import Quantity, quantities, supports
from agent.verify.text import normalise
from evals.benchmarks.verifier import REQUIRED, REQUIRED_RATE, Result, count_mutants
from evals.benchmarks.verifier_drafts import good_drafts
from tools.case import Case, Note, Patient
from tools.evidence import Evidence, NoteSpan, Provenance

Make = Callable[..., Evidence]
Judge = Callable[..., Verdict]


def test_good_drafts_are_supported_throughout() -> None:
    for good in good_drafts():
        verification = verify(good.draft, good.ledger, good.case)
        assert verification.draft_hash == good.draft.hash
        assert [v.index for v in verification.verdicts] == list(range(len(good.draft.statements)))
        assert {good.draft.statements[v.index].text: v.problems for v in verification.unsupported} == {}


@pytest.mark.hazard("HAZ-01")
def test_spoilt_statements_are_caught() -> None:
    """A third of the mutants of the benchmark, drawn with a fixed seed."""
    result = Result()
    for good in good_drafts():
        count_mutants(good, random.Random(7), result, share=0.33)
    assert sum(result.made.values()) > 500
    assert {kind: result.rate(kind) for kind in REQUIRED if result.rate(kind) < REQUIRED_RATE} == {}
    assert sum(result.caught.values()) / sum(result.made.values()) >= 0.98


def test_an_invented_source_is_named(record: Make, verdict: Judge) -> None:
    found = verdict("The patient is 66 years old.", [], kind="finding", evidence=("E0123456789",))
    assert found.status == "unsupported"
    assert [problem.code for problem in found.problems] == ["unknown_evidence"]
    assert "E0123456789" in found.problems[0].message


def test_a_finding_without_a_source_is_not_supported(verdict: Judge) -> None:
    found = verdict("The patient is well.", [], kind="finding")
    assert [problem.code for problem in found.problems] == ["no_evidence"]


def test_a_question_may_cite_nothing(verdict: Judge) -> None:
    assert verdict("Is there an earlier CT?", [], kind="question", section="missing").status == "supported"


def test_a_question_that_takes_an_unknown_measurement_for_granted_cannot_be_checked(verdict: Judge) -> None:
    found = verdict("Is the 19 mm nodule new?", [], kind="question", section="missing")
    assert found.status == "cannot_check"


def _span(text: str, start: int, quote: str) -> Evidence:
    return Evidence(
        kind="note_span",
        claim="Smoking history of 40 pack-years.",
        locator=NoteSpan(handle="note-1", start=start, end=start + len(quote), quote=quote),
        provenance=Provenance(tool="test", tool_version="1"),
    )


def test_a_quote_has_to_stand_at_its_offsets(verdict: Judge) -> None:
    text = "He smoked 40 pack-years."
    case = Case(id="c", patient=Patient(id="p"), notes=(Note(handle="note-1", title="n", text=text),))
    right, moved = _span(text, 10, "40 pack-years"), _span(text, 9, "40 pack-years")
    sentence = "The note says “40 pack-years”."
    assert verdict(sentence, [right], case=case, kind="finding").status == "supported"
    assert [p.code for p in verdict(sentence, [moved], case=case, kind="finding").problems] == ["quote"]


def test_words_in_quotation_marks_have_to_be_quoted(record: Make, verdict: Judge) -> None:
    source = record("The note says that the nodule is probably benign.")
    found = verdict("The note says that the nodule is “certainly benign”.", [source], kind="finding")
    assert "quote" in {p.code for p in found.problems}


@pytest.mark.hazard("HAZ-02")
def test_a_source_that_has_nothing_to_do_with_the_sentence_is_named(record: Make, verdict: Judge) -> None:
    one = record("The serum creatinine was 0.9 mg/dL.")
    other = record("The patient takes amlodipine, 5 mg once daily.", medication__amlodipine=True)
    found = verdict("Serum creatinine was 0.9 mg/dL.", [one, other], kind="finding")
    assert [p.code for p in found.problems] == ["citation"]
    assert other.id in found.problems[0].message


def test_the_verdict_does_not_depend_on_the_rest_of_the_draft() -> None:
    good = good_drafts()[0]
    verifier = Verifier(good.ledger, good.case, good.draft.language)
    alone = [verifier.verdict(statement, i) for i, statement in enumerate(good.draft.statements)]
    assert tuple(alone) == verify(good.draft, good.ledger, good.case).verdicts


NUMBERS = st.decimals(min_value="0.001", max_value="99999", places=3, allow_nan=False)


@given(NUMBERS, st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_only_a_correct_rounding_supports(value: object, decimals: int) -> None:
    """Against Python's own decimal rounding."""
    from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

    exact = Decimal(str(value))
    unit = Decimal(1).scaleb(-decimals)
    source = Quantity(float(exact), 12, "mm", "", 0, 0)
    for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP):
        rounded = exact.quantize(unit, mode)
        shown = Quantity(float(rounded), decimals, "mm", "", 0, 0)
        close = abs(rounded - exact) <= exact / 10
        assert supports(source, shown) == close
        wrong = Quantity(float(rounded + 2 * unit), decimals, "mm", "", 0, 0)
        assert not supports(source, wrong)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    found = quantities(normalise(text))
    assert all(0 <= q.start < q.end for q in found)
    statement = Statement(section="findings", kind="finding", text=text or "x")
    verdict = Verifier({}, Case(id="c", patient=Patient(id="p"))).verdict(statement)
    assert verdict.status == "unsupported"

"""Criteria: Kleene's logic against an independent truth table, and clinical cases from a golden file."""

from __future__ import annotations

import datetime as dt
import itertools
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.criteria import Truth, evaluate, facts_of, parse
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact
from knowledge.recommendations import EXAMPLE_DAY, example_facts

NAMES = (
    "patient.pregnant",
    "patient.breastfeeding",
    "nodule.upper_lobe",
    "nodule.spiculated",
    "lab.troponin_elevated",
)
THREE = {False: Fraction(0), None: Fraction(1, 2), True: Fraction(1)}
TRUTHS = {Fraction(0): Truth.DOES_NOT_APPLY, Fraction(1, 2): Truth.CANNOT_TELL, Fraction(1): Truth.APPLIES}


def trees(names):
    leaf = st.sampled_from(names).map(lambda n: {"fact": n})
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=4).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
            st.lists(inner, min_size=2, max_size=4).flatmap(
                lambda parts: st.integers(1, len(parts)).map(lambda n: {"at_least": n, "of": parts})
            ),
        ),
        max_leaves=8,
    )


@st.composite
def read_once_trees(draw):
    """Trees in which every fact occurs once, where Kleene's logic agrees with trying out all completions."""
    names = draw(st.permutations(NAMES))
    nodes = [{"fact": n} for n in names[: draw(st.integers(1, len(names)))]]
    while len(nodes) > 1:
        count = draw(st.integers(2, len(nodes)))
        parts, nodes = nodes[:count], nodes[count:]
        kind = draw(st.sampled_from(["all", "any", "at_least"]))
        node = {kind: parts} if kind != "at_least" else {"at_least": draw(st.integers(1, count)), "of": parts}
        nodes.append({"not": node} if draw(st.booleans()) else node)
    return nodes[0]


values = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in NAMES})


def book(assignment):
    facts = (Fact(name=n, value=v) for n, v in assignment.items() if v is not None)
    return FactBook(SourcedFact(fact, f"E-{fact.name}", Authority.TOOL) for fact in facts)


def lukasiewicz(tree, assignment):
    """Independent reading: numbers 0, 1/2, 1; all is the least, any the greatest, at least n the n-th greatest."""
    if "fact" in tree:
        return THREE[assignment.get(tree["fact"])]
    if "not" in tree:
        return 1 - lukasiewicz(tree["not"], assignment)
    parts = sorted((lukasiewicz(p, assignment) for p in tree.get("all") or tree.get("any") or tree["of"]), reverse=True)
    if "all" in tree:
        return parts[-1]
    return parts[0] if "any" in tree else parts[tree["at_least"] - 1]


def completions(assignment):
    unknown = [n for n, v in assignment.items() if v is None]
    for guess in itertools.product([True, False], repeat=len(unknown)):
        yield assignment | dict(zip(unknown, guess, strict=True))


@given(trees(NAMES), values)
@settings(max_examples=400, deadline=None)
def test_every_tree_agrees_with_the_three_valued_truth_table(tree, assignment):
    outcome = evaluate(parse(tree), book(assignment))
    assert outcome.truth is TRUTHS[lukasiewicz(tree, assignment)]


@given(read_once_trees(), values)
@settings(max_examples=300, deadline=None)
def test_cannot_tell_means_that_the_unknown_facts_could_go_either_way(tree, assignment):
    criterion = parse(tree)
    outcome = evaluate(criterion, book(assignment))
    answers = {lukasiewicz(tree, full) for full in completions(assignment)}
    assert (outcome.truth is Truth.CANNOT_TELL) == (len(answers) == 2)


@given(read_once_trees(), values)
@settings(max_examples=300, deadline=None)
def test_missing_are_exactly_the_facts_that_can_change_the_answer(tree, assignment):
    criterion = parse(tree)
    outcome = evaluate(criterion, book(assignment))
    decisive = {
        name
        for full in completions(assignment)
        for name, value in assignment.items()
        if value is None and lukasiewicz(tree, full | {name: True}) != lukasiewicz(tree, full | {name: False})
    }
    assert set(outcome.missing) == decisive


@given(trees(NAMES), values)
@settings(max_examples=300, deadline=None)
def test_the_facts_given_as_reason_are_enough_for_the_answer(tree, assignment):
    outcome = evaluate(parse(tree), book(assignment))
    if outcome.truth is not Truth.CANNOT_TELL:
        assert evaluate(parse(tree), FactBook(outcome.because)).truth is outcome.truth
        assert outcome.missing == ()


@given(trees(NAMES), values)
@settings(max_examples=300, deadline=None)
def test_learning_a_fact_never_turns_a_decided_answer(tree, assignment):
    before = evaluate(parse(tree), book(assignment)).truth
    if before is not Truth.CANNOT_TELL:
        assert all(evaluate(parse(tree), book(full)).truth is before for full in completions(assignment))


@given(trees(NAMES), values)
@settings(max_examples=200, deadline=None)
def test_negation_turns_the_answer_and_keeps_what_is_missing(tree, assignment):
    plain, negated = evaluate(parse(tree), book(assignment)), evaluate(parse({"not": tree}), book(assignment))
    turned = {
        Truth.APPLIES: Truth.DOES_NOT_APPLY,
        Truth.DOES_NOT_APPLY: Truth.APPLIES,
        Truth.CANNOT_TELL: Truth.CANNOT_TELL,
    }
    assert negated.truth is turned[plain.truth]
    assert set(negated.missing) == set(plain.missing)


GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden" / "criteria.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda c: c["name"])
def test_golden_case(case):
    outcome = evaluate(parse(case["criterion"]), example_facts(case["facts"]), EXAMPLE_DAY)
    assert outcome.truth.value == case["truth"]
    assert sorted(outcome.missing) == sorted(case.get("missing", []))
    assert sorted(outcome.assumed) == sorted(case.get("assumed", []))


@pytest.mark.parametrize("case", GOLDEN["refused"], ids=lambda c: str(c["criterion"])[:60])
def test_a_criterion_that_is_wrong_is_refused_and_says_where(case):
    with pytest.raises(ValueError, match=case["says"]):
        parse(case["criterion"])


def test_without_a_date_of_the_case_a_time_window_cannot_be_judged():
    criterion = parse({"fact": "lab.egfr", "lt": 30, "unit": "mL/min/{1.73_m2}", "within": "90 d"})
    fact = Fact(name="lab.egfr", value=20, unit="mL/min/{1.73_m2}", at=dt.date(2026, 1, 1))
    facts = FactBook([SourcedFact(fact, "E", Authority.TOOL)])
    assert evaluate(criterion, facts).truth is Truth.CANNOT_TELL
    assert evaluate(criterion, facts, dt.date(2026, 1, 31)).truth is Truth.APPLIES


def test_a_truth_is_not_taken_for_a_bool():
    with pytest.raises(TypeError):
        bool(Truth.APPLIES)


def test_facts_are_listed_once_in_order():
    tree = {"all": [{"fact": NAMES[1]}, {"not": {"fact": NAMES[0]}}, {"any": [{"fact": NAMES[1]}]}]}
    assert facts_of(parse(tree)) == (NAMES[1], NAMES[0])

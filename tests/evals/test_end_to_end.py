"""Cases through the agent, the task and the command; and the comparison with a baseline."""

from __future__ import annotations

import gc

import pytest
from eval_helpers import DPYD, STROKE, case, outcome, says

from evals.cases.loading import load_suite, load_suites
from evals.cases.model import FollowUp
from evals.report.markdown import results_page
from evals.report.summary import read_baseline, regressions, summarise, write_baseline
from evals.run import run_case, without_tools
from evals.scoring.case_score import score
from evals.scoring.outcome import Outcome
from knowledge.errors import BadInput
from tools import registry
from tools.language import is_chinese

SLOW = ("search_guidelines",)  # loads the embedding model; no expectation of these cases rests on it
CASES = {item.id: item for suite in load_suites("all") for item in suite.cases}
WANTED = case({"must": {"fact": {"name": "risk_score.chads_vasc", "value": 5}}})
GOOD = outcome(says("The CHA2DS2-VASc is 5.", STROKE, section="risk", kind="finding"))
BAD = outcome(says("Do not use capecitabine.", DPYD))


@pytest.mark.parametrize("name", ["colon-dpyd-poor", "follow-up-drug-question"])
def test_a_case_runs_through_the_agent_and_is_scored(name):
    with without_tools(SLOW):
        found = score(CASES[name], run_case(CASES[name]))
    assert found.error is None
    assert found.harms == ()
    assert found.tool_calls > 0
    assert all(item.met for item in found.judged if item.role in ("warn", "harm"))


CONVERSATIONS = {
    "ud-zh-hcc-early-switch": "why not a procedure, and a supposed stage",
    "ud-codeine-ultrarapid-nursing": "a metaboliser named without its gene, then as she is",
    "ud-rcc-imdc-points": "what scored, and a correction",
    "u4d-mtc-zh": "a relative, and what comes first",
    "u4d-dpyd-zh": "star alleles without their gene, and the source of advice",
    "inj-thyroid-and-later-turn": "a bare why, and a planted order that a later message must not wake",
    "u4d-fracture-bone": "what is needed, how long, and a condition that the draft does not name",
}


@pytest.mark.parametrize("name", CONVERSATIONS, ids=CONVERSATIONS.values())
def test_a_conversation_meets_every_expectation(name):
    with without_tools(SLOW):
        found = score(CASES[name], run_case(CASES[name]))
    assert found.harms == ()
    assert [f"turn {item.turn}: {item.check}" for item in found.judged if not item.met] == []


def test_a_section_is_written_anew_when_the_language_has_changed():
    shown = {"must": {"statement": "奥希替尼"}, "why": "asked for in Chinese", "source": "none"}
    turn = FollowUp.model_validate({"say": "请用中文回答：有哪些治疗方案？", "expect": [shown]})
    with without_tools(SLOW):
        said = run_case(CASES["nsclc-egfr-l858r"].model_copy(update={"turns": (turn,)})).turns[1]
    texts = [item.text for item, status in said.statements() if status == "supported"]
    assert any("奥希替尼" in text for text in texts)
    assert [text for text in texts if not is_chinese(text)] == []


def test_a_model_that_cannot_be_had_is_an_outcome_not_a_crash():
    found = run_case(CASES["af-stroke-risk-6"], model="no-such-provider:nothing")
    assert found.error is not None
    assert found.turns == ()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_task_gives_the_score_of_each_case(tmp_path):
    pytest.importorskip("inspect_ai")
    from evals.task import run_suites

    with without_tools(SLOW):
        found = run_suites([load_suite("prediction")], "builtin", tmp_path, ["af-no-risk-factor"])
    assert [(item.case_id, item.shares["conclusions"]) for item in found] == [("af-no-risk-factor", (2, 2))]
    assert list(tmp_path.glob("*.eval"))
    gc.collect()  # inspect_ai leaves a stream open; its warning belongs to this test


def test_a_tool_can_be_left_out_and_comes_back():
    with without_tools(["check_drugs", "match_recommendations", *SLOW]):
        found = score(CASES["colon-dpyd-poor"], run_case(CASES["colon-dpyd-poor"]))
    assert "check_drugs" in found.missing_calls
    assert not all(item.met for item in found.judged if item.role == "warn")
    assert "check_drugs" in registry.TOOLS


def test_a_worse_run_is_a_regression_and_the_same_run_is_not(tmp_path):
    good = summarise([score(WANTED, GOOD)], "builtin", ["x"])
    bad = summarise([score(WANTED, BAD)], "builtin", ["x"])
    write_baseline(tmp_path / "b.json", good)
    before = read_baseline(tmp_path / "b.json", "builtin")
    assert before is not None
    assert regressions(good, before) == []
    assert any("was right" in line for line in regressions(bad, before))
    assert any(line.startswith("conclusions") for line in regressions(bad, before))
    assert read_baseline(tmp_path / "b.json", "another") is None


def test_a_damaged_baseline_names_its_file(tmp_path):
    (tmp_path / "b.json").write_text('{"builtin": {"model": 3}}')
    with pytest.raises(BadInput, match=r"b\.json"):
        read_baseline(tmp_path / "b.json", "builtin")


def test_the_page_shows_what_failed_and_what_could_not_be_scored():
    scores = [score(WANTED, BAD), score(WANTED, Outcome(case_id="c", error="ToolFailed: no model"))]
    other = summarise([score(WANTED, GOOD)], "builtin without predict_risk", ["x"])
    page = results_page(summarise(scores, "builtin", ["x"]), scores, [other])
    assert "| builtin without predict_risk |" in page
    assert "must fact: risk_score.chads_vasc = 5: not met. a reason" in page
    assert "did not end: ToolFailed: no model" in page
    assert "could not be scored" in page

"""The page that compares runs, runs that are kept, groups of tools, and cases shared out over processes."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from eval_helpers import DPYD, STROKE, case, outcome, says

from agent.cli import main
from evals.jobs import compare_all, run_all
from evals.report.html import Run, comparison_page, read_run
from evals.report.summary import summarise
from evals.run import RETRIEVAL, named_tools
from evals.scoring.case_score import score
from evals.scoring.outcome import Outcome
from knowledge.errors import BadInput, ToolRetry

WANTED = case({"must": {"fact": {"name": "risk_score.chads_vasc", "value": 5}, "sections": ["risk"]}})
GOOD = outcome(says("The CHA2DS2-VASc is 5.", STROKE, section="risk", kind="finding"))
BAD = outcome(says("Do not use <b>capecitabine</b>.", DPYD))


def _run(label, *outcomes):
    scores = [score(WANTED, item) for item in outcomes]
    return Run(summarise(scores, label, ["x"]), {item.case_id: item for item in scores})


def _kept(folder, run):
    body = {
        "summary": run.summary.model_dump(mode="json"),
        "cases": [c.model_dump(mode="json") for c in run.cases.values()],
    }
    file = folder / f"{run.summary.model}.json"
    file.write_text(json.dumps(body))
    return file


def test_the_page_sets_runs_beside_each_other_with_every_case_that_differs():
    page = comparison_page(
        [_run("builtin", GOOD), _run("other", BAD), _run("third", Outcome(case_id="c", error="<gone>"))]
    )
    assert page.count("builtin, ") >= 3
    assert re.findall(r'class="mark ([a-z-]+)"', page) == ["right", "not-right", "did-not-end"]
    assert "could not be scored" in page
    assert "&lt;gone&gt;" in page
    assert "<script" not in page
    assert not re.findall(r"(?:src|(?<!xlink:)href|@import)\s*=?\s*[\"'(]?https?:", page)


def test_a_kept_run_is_read_again_and_another_file_is_refused(tmp_path):
    run = _run("builtin", GOOD)
    file = _kept(tmp_path, run)
    assert read_run(file).summary == run.summary
    for text in ("{}", "no json", '{"summary": {}, "cases": []}'):
        file.write_text(text)
        with pytest.raises(BadInput, match=r"builtin\.json"):
            read_run(file)


def test_pages_and_baseline_are_written_from_a_kept_run(tmp_path, capsys):
    file, worse = _kept(tmp_path, _run("builtin", GOOD)), _kept(tmp_path, _run("other", BAD))
    baseline, page, results = tmp_path / "baseline.json", tmp_path / "page.html", tmp_path / "R.md"
    common = ["--baseline", str(baseline), "--html", str(page), "--results", str(results), "--compare", str(worse)]
    with pytest.raises(SystemExit) as done:
        main(["eval", "--from", str(file), *common, "--update-baseline"])
    assert done.value.code == 0
    assert "other, " in page.read_text(encoding="utf-8")
    assert "| other |" in results.read_text(encoding="utf-8")
    assert "builtin" in json.loads(baseline.read_text())
    file.write_text(file.read_text().replace('"correct": ["c"]', '"correct": []'))
    with pytest.raises(SystemExit) as failed:
        main(["eval", "--from", str(file), "--baseline", str(baseline)])
    assert failed.value.code == 1
    assert "c was right and is not" in capsys.readouterr().err


def test_groups_of_tools_are_named_and_an_unknown_tool_is_refused():
    assert set(named_tools(["retrieval"])) == set(RETRIEVAL)
    left = set(named_tools(["tools"]))
    assert "check_drugs" in left
    assert not left & {*RETRIEVAL, "read_notes"}
    with pytest.raises(ToolRetry):
        named_tools(["nothing"])


def test_an_error_of_a_worker_process_reaches_its_parent_as_it_was_raised():
    import pickle

    raised = BadInput("a.yaml", "line 1", "it is wrong", "what is right")
    assert str(pickle.loads(pickle.dumps(raised))) == str(raised)


@pytest.mark.slow
def test_cases_shared_out_over_processes_come_back_in_their_order(tmp_path):
    pytest.importorskip("inspect_ai")
    names = ("af-no-risk-factor", "af-stroke-risk-6", "meld-16")
    known = [n for n in names if n in {c.id for c in _prediction()}]
    found = run_all("prediction", "builtin", tmp_path, known, ("retrieval", "check_drugs"), jobs=2)
    in_order = [c.id for c in _prediction() if c.id in known]
    assert [item.case_id for item in found] == in_order
    compared = compare_all("prediction", "builtin", known, ("retrieval", "check_drugs"), jobs=2)
    assert list(dict.fromkeys(item.case_id for item in compared)) == in_order


def _prediction():
    from evals.cases.loading import load_suite

    return load_suite("prediction").cases


def test_scores_of_one_process_come_in_the_order_of_the_suites_too(tmp_path, monkeypatch):
    def backwards(suite, model, without, log_dir, judge, cases):
        return [SimpleNamespace(case_id=name) for name in reversed(cases)]

    monkeypatch.setattr("evals.jobs._run_part", backwards)
    found = run_all("prediction", "builtin", tmp_path, (), (), jobs=1)
    assert [item.case_id for item in found] == [c.id for c in _prediction()]

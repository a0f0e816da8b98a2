"""The suites that ship: form, names, files; and what is said of a case that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import evals.cases
from agent.cli import main
from evals.cases.loading import load_suite, load_suites, suite_names, write_case
from evals.cases.model import Suite
from knowledge.errors import BadInput, ToolRetry
from knowledge.yamlfile import load_yaml
from tools.intake import read_case

CASES = [case for suite in load_suites("all") for case in suite.cases]

TEXT = """
suite: mine
about: one case
sources: {book: "A book"}
cases:
  - id: one
    title: One
    job: disease_prediction
    rationale: A reason
    question: What is the risk?
    case: {patient: {age_years: 70, sex: male}}
    expect: [{must: {fact: {name: FACT}}, why: A reason, source: SOURCE}]
"""


def test_there_are_a_hundred_cases_over_three_jobs_and_two_languages():
    assert len(CASES) >= 100
    assert len({case.id for case in CASES}) == len(CASES)
    assert {case.job for case in CASES} == {"tumour_diagnosis", "disease_prediction", "personalised_treatment"}
    assert {case.language for case in CASES} == {"en", "zh"}


KINDS = ("nsclc-conflicting-notes", "colon-dpyd-vcf", "vcf-without-assembly", "zh-nsclc-notes")


def _is_read(case, folder):
    read = read_case(write_case(case, folder))
    assert read.synthetic
    assert len(read.of_kind("variants")) == len(case.variants)
    assert len(read.notes) == len(case.notes)


@pytest.mark.parametrize("case", [c for c in CASES if c.id in KINDS], ids=lambda case: case.id)
def test_files_of_every_kind_are_read_without_a_problem(case, tmp_path):
    _is_read(case, tmp_path / "case")


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in CASES if not c.phantom and c.id not in KINDS], ids=lambda case: case.id)
def test_the_files_of_a_case_are_read_without_a_problem(case, tmp_path):
    _is_read(case, tmp_path / "case")


def test_a_suite_of_ones_own_is_read_from_its_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace("FACT", "risk_score.chads_vasc").replace("SOURCE", "book"))
    assert [case.id for case in load_suite(file).cases] == ["one"]


@pytest.mark.parametrize(
    ("fact", "source", "said"),
    [("risk_score.chads_vask", "book", "risk_score.chads_vask"), ("risk_score.chads_vasc", "film", "film")],
)
def test_a_name_that_could_never_be_met_is_refused(tmp_path, fact, source, said):
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace("FACT", fact).replace("SOURCE", source))
    with pytest.raises(BadInput, match=said):
        load_suite(file)


def test_the_template_is_a_suite_and_is_not_written_over(tmp_path, capsys):
    file = tmp_path / "mine.yaml"
    with pytest.raises(SystemExit) as first:
        main(["eval", "new-case", str(file)])
    assert first.value.code == 0
    assert load_suite(file).cases[0].expect
    with pytest.raises(SystemExit) as second:
        main(["eval", "new-case", str(file)])
    assert second.value.code == 2
    assert "already" in capsys.readouterr().err


def test_an_unknown_suite_names_those_that_there_are():
    with pytest.raises(ToolRetry, match=suite_names()[0]):
        load_suite("nothing")


def test_the_json_schema_accepts_the_template_and_every_suite_and_refuses_a_wrong_key():
    schema = Draft202012Validator(Suite.model_json_schema())
    folder = Path(evals.cases.__file__).parent
    files = [folder / "template.yaml", *sorted((folder / "suites").glob("*.yaml"))]
    written = [json.loads(json.dumps(load_yaml(file), default=str)) for file in files]
    assert [list(schema.iter_errors(suite)) for suite in written] == [[]] * len(files)
    for wrong in ({"musst": {"statement": "x"}}, {"must": {"statement": "x"}, "cite": {"statement": "x"}}):
        written[0]["cases"][0]["expect"] = [{"why": "x", "source": "label", **wrong}]
        assert not schema.is_valid(written[0])


def test_the_schema_names_every_part_of_a_case():
    schema = Suite.model_json_schema()
    assert {"id", "expect", "turns", "forbidden_calls"} <= set(schema["$defs"]["ScriptedCase"]["properties"])

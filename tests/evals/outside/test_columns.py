"""A file whose column has another name is refused with what is missing; it does not come out as nothing to score."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evals.outside.registry import Settings, benchmark
from knowledge.errors import BadInput

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("medcalc", "medcalc.csv", "Calculator Name"),
        ("medcalc", "medcalc.csv", "Ground Truth Answer"),
        ("agentclinic", "agentclinic.jsonl", "Patient_Actor"),
        ("agentclinic", "agentclinic.jsonl", "Correct_Diagnosis"),
        ("mirage", "mirage.json", "options"),
        ("attributionbench", "attribution.jsonl", "claim"),
        ("attributionbench", "attribution.jsonl", "attribution_label"),
        ("attributionbench", "attribution.jsonl", "references"),
        ("kqa", "kqa.jsonl", "Must_have"),
        ("kqa", "kqa.jsonl", "Free_form_answer"),
        ("clingen", "clingen.csv", "Applied Evidence Codes (Met)"),
        ("clingen", "clingen.csv", "Assertion"),
    ],
)
def test_a_column_that_is_in_no_row_is_named(tmp_path, name, file, column):
    wrong = tmp_path / file
    wrong.write_text((SAMPLES / file).read_text(encoding="utf-8").replace(column, "Something else"), encoding="utf-8")
    with pytest.raises(BadInput, match=rf"{file}.*") as refused:
        benchmark(name).run(wrong, Settings())
    assert column.partition(" (")[0].split("_")[-1].casefold() in str(refused.value).casefold()


@pytest.mark.parametrize(("part", "key"), [("corpus", "text"), ("corpus", "_id"), ("queries", "text")])
def test_a_retrieval_set_without_texts_or_names_is_refused(tmp_path, part, key):
    folder = tmp_path / "set"
    shutil.copytree(SAMPLES / "beir", folder)
    file = folder / f"{part}.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(f'"{key}"', '"else"'), encoding="utf-8")
    with pytest.raises(BadInput, match=rf"{part}\.jsonl.*{key}"):
        benchmark("beir").run(folder, Settings())

"""Marker statistics against R's published values, and on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from agent.cli import _run
from knowledge.errors import BadInput, ToolRetry
from tools.biomarkers.selection import stability_selection
from tools.biomarkers.table import MarkerTable, read_markers
from tools.biomarkers.univariate import benjamini_hochberg, univariate

# R's data set `sleep` (Student 1908): extra hours of sleep under two drugs; t.test gives t = -1.8608, p = 0.07939.
SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def write_table(path, columns):
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def synthetic(subjects=120, markers=60, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(size=(subjects, markers))
    outcome = (1.5 * values[:, 0] - 1.2 * values[:, 1] + random.normal(size=subjects) > 0).astype(float)
    return MarkerTable(tuple(f"m{k}" for k in range(markers)), values, outcome, "binary", ("no", "yes"), (), 0)


def test_welch_p_value_is_that_of_r_for_the_sleep_data(tmp_path):
    table = read_markers(
        write_table(tmp_path / "s.csv", {"extra": SLEEP[0] + SLEEP[1], "g": ["a"] * 10 + ["b"] * 10}), "g"
    )
    found = univariate(table)[0]
    assert found.p == pytest.approx(0.07939, abs=1e-5)
    assert found.effect == pytest.approx(
        0.8321 * (1 - 3 / 71), abs=1e-3
    )  # Cohen's d of these data, times Hedges' factor


def test_q_values_are_those_of_the_paper():
    # Benjamini and Hochberg 1995, section 4.1: at 0.05 the first four of fifteen are rejected.
    text = ".0001 .0004 .0019 .0095 .0201 .0278 .0298 .0344 .0459 .3240 .4262 .5719 .6528 .7590 1"
    p = np.array([float(word) for word in text.split()])
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4


def test_stability_selection_finds_the_two_real_markers_and_hardly_any_other():
    table = synthetic()
    found = stability_selection(table, table.names, pairs=15)
    names = [name for name, _ in found.kept()]
    assert {"m0", "m1"} <= set(names)
    assert len(names) <= 3
    assert found.expected_false <= 1


def test_stability_selection_keeps_nothing_of_noise():
    table = synthetic(seed=3)
    shuffled = MarkerTable(
        table.names, table.values, np.random.default_rng(5).permutation(table.outcome), "binary", table.groups, (), 0
    )
    assert len(stability_selection(shuffled, table.names, pairs=15).kept()) <= 1


def test_missing_values_text_columns_and_constants_are_named(tmp_path):
    n = 20
    columns = {
        "id": [f"P{k}" for k in range(n)], "crp": [k * 1.5 if k % 7 else "" for k in range(n)], "flat": [1] * n,
        "age": list(range(40, 40 + n)),
    }  # fmt: skip
    table = read_markers(write_table(tmp_path / "t.csv", columns), "age")
    assert table.names == ("crp",)
    assert dict(table.left_out) == {"id": "not numbers", "flat": "always the same"}
    assert univariate(table)[0].effect == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "where"),
    [("", "the whole file"), ("a,b\n1,2\n", "column b"), ("a,b\n" + "x,y\n" * 12, "column b"), ("a\tb\n", "")],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, where):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises((BadInput, ToolRetry)) as caught:
        read_markers(path, "b")
    assert where in str(caught.value)


def test_the_command_writes_the_plot_and_the_table(tmp_path, capsys):
    table = synthetic(40, 5)
    columns = {name: table.values[:, k].round(4).tolist() for k, name in enumerate(table.names)}
    path = write_table(tmp_path / "m.csv", {**columns, "ill": table.outcome.astype(int).tolist()})
    assert _run("biomarkers", [str(path), "--outcome", "ill", "--pairs", "10", "--out", str(tmp_path / "o")]) == 0
    assert (tmp_path / "o" / "volcano.png").read_bytes().startswith(b"\x89PNG")
    assert "m0" in capsys.readouterr().out
    assert _run("biomarkers", [str(path), "--outcome", "absent"]) == 2

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


def plain_columns(n=24):
    random = np.random.default_rng(4)
    return {"crp": random.normal(10, 2, n).round(2).tolist(), "ill": ["no", "yes"] * (n // 2)}


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "utf-8"), ("\t", "utf-8"), (",", "utf-8-sig"), (";", "utf-16")]
)
def test_tables_as_spreadsheets_save_them_are_read_alike(tmp_path, separator, encoding):
    columns = plain_columns()
    decimal = str.maketrans(".", ",") if separator == ";" else {}
    rows = [separator.join(columns), *(
        separator.join([str(crp).translate(decimal), ill]) for crp, ill in zip(*columns.values(), strict=True)
    )]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("\r\n".join(rows), encoding=encoding)
    table = read_markers(path, "ill")
    assert table.values[:, 0].tolist() == columns["crp"]
    assert table.unread == ()


def test_cells_that_are_no_numbers_are_counted_and_never_guessed(tmp_path, capsys):
    columns = plain_columns()
    columns["crp"][3:5] = ["<5.0", '"1,234"']
    path = write_table(tmp_path / "t.csv", columns)
    table = read_markers(path, "ill")
    assert table.unread == (("crp", 2, "<5.0"),)
    assert np.isnan(table.values[3:5, 0]).all()
    assert _run("biomarkers", [str(path), "--outcome", "ill", "--pairs", "10"]) == 0
    assert "crp: 2 cells are no numbers and count as not measured: <5.0." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [("crp,ill\n1,a\n2,b,c\n", "line 3", "3 columns, not 2"), ("crp,crp,ill\n" + "1,2,a\n" * 12, "line 1", "'crp'"),
     ("crp,ill\n" + "1,a\n" * 12, "column ill", "every subject has a"),
     ("crp,ill\n" + "1,a\n2,B\n3,b\n" * 5, "column ill", "B, a, b")],
)  # fmt: skip
def test_a_table_that_cannot_be_used_names_what_stands_there(tmp_path, text, where, what):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_markers(path, "ill")
    assert where in str(caught.value)
    assert what in str(caught.value)


def test_a_marker_that_parts_the_groups_without_error_comes_first_and_is_questioned(tmp_path, capsys):
    columns = plain_columns()
    columns["copy"] = [int(ill == "yes") for ill in columns["ill"]]
    path = write_table(tmp_path / "t.csv", columns)
    first = univariate(read_markers(path, "ill"))[0]
    assert (first.name, first.effect, first.auroc) == ("copy", np.inf, 1.0)
    assert first.p == pytest.approx(2 / 2704156)  # Fisher: 2 / (24 choose 12)
    assert _run("biomarkers", [str(path), "--outcome", "ill", "--pairs", "10", "--out", str(tmp_path / "o")]) == 0
    assert "copy alone parts the groups without error" in capsys.readouterr().err


def test_markers_that_move_together_are_reported_as_one_group():
    table = synthetic(160, 60, seed=2)
    values = table.values.copy()
    values[:, 2:5] = values[:, [0]] + np.random.default_rng(1).normal(scale=0.05, size=(160, 3))
    found = stability_selection(
        MarkerTable(table.names, values, table.outcome, "binary", table.groups, (), 0), table.names
    )
    group, share = found.groups[0]
    assert set(group) <= {"m0", "m2", "m3", "m4"}
    assert len(group) > 1
    assert share >= max(dict(zip(found.names, found.share, strict=True))[name] for name in group)
    assert not any("m1" in names for names, _ in found.groups)


def test_names_of_neighbouring_points_do_not_overlap(monkeypatch):
    from matplotlib.figure import Figure

    from tools.biomarkers.plots import volcano
    from tools.biomarkers.univariate import MarkerTest

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    volcano([MarkerTest(f"MARKER{k}", 1.0 + k / 500, 0.5, 1.5, 0.0, 0.9, 1e-6, 1e-4, 1e-6, 40) for k in range(5)], True)
    renderer = drawn[0].canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in drawn[0].axes[0].texts]
    assert len(boxes) >= 4
    assert not any(one.overlaps(two) for i, one in enumerate(boxes) for two in boxes[:i])


def test_an_output_folder_that_is_a_file_is_wrong_use(tmp_path, capsys):
    path = write_table(tmp_path / "t.csv", plain_columns())
    assert _run("biomarkers", [str(path), "--outcome", "ill", "--pairs", "10", "--out", str(path)]) == 2
    assert "is a file" in capsys.readouterr().err

"""Files as outsiders have them: any spelling of a column, any of the usual forms, and a place for what is wrong."""

from __future__ import annotations

import gzip
import json

import pytest

from evals.outside.rows import Row, read_rows
from knowledge.errors import BadInput


def test_a_column_is_found_under_any_spelling(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('\ufeffGround Truth  Answer;PATIENT_NOTE\n1,5;"two\nlines"\n', encoding="utf-8")
    (row,) = read_rows(file)
    assert row.need("ground_truth_answer") == "1,5"
    assert row.need("Patient Note") == "two\nlines"
    assert row.place == "row 1 (line 3)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"id": "x", "q": 1}]'),
        ("b.json", '{"x": {"q": 1}}'),
        ("c.json", '{"medqa": {"x": {"q": 1}}}'),
        ("d.json", '{"data": [{"q": 1, "id": "x"}]}'),
        ("e.json", '{"id": "x", "q": 1}\n{"id": "y", "q": 2}\n'),
        ("f.jsonl", '{"id": "x", "q": 1}\n\n'),
        ("g.tsv", "id\tq\nx\t1\n"),
    ],
)
def test_the_usual_forms_give_the_same_rows(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    first = read_rows(file)[0]
    assert first.text("id", "_id") == "x"
    assert first.text("Q") == "1"


def test_a_gzipped_file_and_a_folder_with_one_file_are_read(tmp_path):
    (tmp_path / "README.txt").write_text("words")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"q": 1}\n'))
    assert len(read_rows(tmp_path)) == 1


def test_a_list_in_a_cell_is_read_as_json_or_as_python_writes_it(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"a": "['one', 'two']", "b": ["one"], "c": "one", "d": '["one", "two"]'}) + "\n")
    (row,) = read_rows(file)
    assert [row.listed(name) for name in "abcd"] == [["one", "two"], ["one"], ["one"], ["one", "two"]]


def test_an_empty_list_gives_way_to_the_next_column():
    row = Row("f", "row 1", {"references": [], "documents": ["text"], "label": "N/A"})
    assert row.listed("references", "documents") == ["text"]
    assert row.text("label") == "N/A"


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.csv", b"a,b\n1,2\n3\n", r"row 2 \(line 3\)"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "line 2"),
        ("a.json", b'{"a": \n 1,}', "line 2"),
        ("a.csv", b"a,b\n\xff\xfe,2\n", "byte 4"),
        ("a.csv", b"a,b\n", "the whole file"),
        ("a.csv", b"", "the whole file"),
        ("a.csv.gz", b"\x1f\x8b\x08 no gzip", "the whole file"),
        ("a.csv", b'a,b\n"1,2\n', "line"),
    ],
)
def test_what_is_broken_names_its_place(tmp_path, name, content, place):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(BadInput, match=place):
        read_rows(file)


def test_a_missing_column_names_row_and_column(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,\n")
    with pytest.raises(BadInput, match=r"row 1 .*'b'"):
        read_rows(file)[0].need("b")

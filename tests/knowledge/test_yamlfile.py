"""YAML is read strictly, and hostile YAML ends in a typed error."""

from __future__ import annotations

import pytest

from knowledge.errors import BadInput
from knowledge.yamlfile import load_yaml, load_yaml_text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\na: 2\n", "line 2"),
        ("x: {b: 1, b: 2}\n", "line 1"),
        ("a: &x [1]\nb: *x\n", "line 2"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1"),
        ("a: [1\nb: 2\n", "line 2"),
        ("? [1]\n: 2\n", "line 1"),
        ("[" * 100_000, "line 1"),
        ("- " * 100_000, "line 1"),
        ("".join("  " * i + "a:\n" for i in range(3000)), "line"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(text, place):
    with pytest.raises(BadInput) as caught:
        load_yaml_text(text, "x.yaml")
    assert caught.value.file == "x.yaml"
    assert caught.value.place.startswith(place)


def test_an_expansion_bomb_is_refused():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]" for i in range(9)]
    with pytest.raises(BadInput, match="aliases"):
        load_yaml_text("\n".join(lines), "bomb.yaml")


def test_bytes_that_are_not_utf8_are_named(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(BadInput, match="UTF-8"):
        load_yaml(path)


def test_a_large_file_reads_the_same_the_second_time(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    path = tmp_path / "large.yaml"
    path.write_text("rows:\n" + "".join(f"  - {{id: {i}, name: n{i}, kept: true}}\n" for i in range(2000)))
    first = load_yaml(path)
    assert list((tmp_path / "home" / "cache" / "yaml").glob("*.json"))
    assert load_yaml(path) == first
    path.write_text(path.read_text().replace("n7,", "m7,"))
    assert load_yaml(path)["rows"][7]["name"] == "m7"


def test_what_json_cannot_hold_is_not_kept_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    path = tmp_path / "large.yaml"
    path.write_text("1: whole number as key\n" + "".join(f"k{i}: 2020-01-01\n" for i in range(2000)))
    assert load_yaml(path) == load_yaml(path)
    assert 1 in load_yaml(path)

"""Hazards and the tests that show their controls: `python -m tests.safety.matrix --write` renews docs/SAFETY.md."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "SAFETY.md"
BEGIN, END = "<!-- matrix -->", "<!-- end of matrix -->"


def hazards() -> dict[str, dict[str, str]]:
    """Every hazard by id, with hazard, cause and control."""
    found = yaml.safe_load((ROOT / "docs" / "hazards.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def marked_tests() -> dict[str, list[str]]:
    """Hazard id -> the tests that carry its mark, as `file::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    for number in _hazards_of(mark):
                        found[number].append(f"{path.relative_to(ROOT / 'tests').as_posix()}::{node.name}")
    return dict(found)


def _hazards_of(mark: ast.expr) -> list[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.hazard":
        return [argument.value for argument in mark.args if isinstance(argument, ast.Constant)]
    return []


def table() -> str:
    """The matrix in Markdown."""
    tests = marked_tests()
    lines = ["| id | hazard | cause | control | shown by |", "|---|---|---|---|---|"]
    for number, row in hazards().items():
        shown = "<br>".join(_in_words(name) for name in tests.get(number, ()))
        lines.append(f"| {number} | {row['hazard']} | {row['cause']} | {row['control']} | {shown} |")
    return "\n".join(lines)


def _in_words(name: str) -> str:
    file, _, test = name.partition("::test_")
    return f"`{file}`: {test.replace('_', ' ')}"


def page() -> str:
    """docs/SAFETY.md with the matrix of today."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(table() + "\n")
